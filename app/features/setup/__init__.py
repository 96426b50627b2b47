"""Creating and repairing what the index stands on."""
