"""Publishing sessions: the upload API 2.0 (PEP 694), for wheels of any size."""
