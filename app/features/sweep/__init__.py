"""Upkeep: what crashes and abandoned uploads leave behind is found and put right."""
