"""How files are published, whichever door their bytes came through."""
