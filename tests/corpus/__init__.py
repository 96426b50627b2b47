"""Hostile and malformed uploads, names, forms, tokens and requests, and what is due to each.

`python -m tests.corpus URL` sends them to an index; see docs/internals/corpus.md.
"""
