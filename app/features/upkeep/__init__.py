"""What jobs of upkeep have in common."""
