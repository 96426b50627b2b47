"""Verification: every file against its object, every page against its files."""
