"""The people of the index."""
