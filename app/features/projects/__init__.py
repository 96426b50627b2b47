"""Projects and their files: yanking, deleting, status and roles."""
