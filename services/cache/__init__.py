"""Answers and embeddings worth keeping. Nobody lives here yet; the first key will be a Scope's.

A key can only be built from a Scope and an index generation, so that what one may not read, or
what has changed, cannot be found.
"""
