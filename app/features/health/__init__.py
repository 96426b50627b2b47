"""Whether the application runs."""
