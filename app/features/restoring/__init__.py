"""Making projects as they were where they come from."""
