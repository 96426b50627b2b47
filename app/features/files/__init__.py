"""Downloads: file redirects and core metadata."""
