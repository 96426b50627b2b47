"""Publishing files that lie in a folder or on another index."""
