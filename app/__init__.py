"""Larder: a private Python package index on AWS."""
