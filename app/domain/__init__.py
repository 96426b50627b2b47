"""What the index is about, free of HTTP and AWS."""
