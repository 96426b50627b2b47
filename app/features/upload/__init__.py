"""Publishing: the legacy upload API."""
