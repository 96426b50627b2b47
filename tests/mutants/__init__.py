"""Taking out one rule after the other, to see whether a case of the corpus notices.

`make mutants` runs it; see docs/internals/corpus.md.
"""
