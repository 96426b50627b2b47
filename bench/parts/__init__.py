"""What is measured, one part a file."""
