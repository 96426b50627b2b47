"""`larder`: publishes to a Larder index, yanks, and tells what is there."""

__version__ = "0.1.0"
