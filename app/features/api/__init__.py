"""The description of the management API."""
