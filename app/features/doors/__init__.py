"""Doors that tools expect where other indexes have them, and the links they print."""
