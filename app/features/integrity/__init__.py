"""The Integrity API: attestations of published files (PEP 740)."""
