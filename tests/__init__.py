"""The tests of Larder."""
