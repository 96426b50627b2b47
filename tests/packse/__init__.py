"""The resolver scenarios of packse, asked of this index and of packse's own."""
