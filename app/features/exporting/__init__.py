"""Writing the whole index into a folder."""
