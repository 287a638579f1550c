"""The truth: collections, documents, passages, vectors, grants, keys, answers, and the change log.

Everything else that Footnote stores is derived from here and may be thrown away. Each document
becomes visible in one transaction, together with one line of the change log, whose numbers rise
in the order of the commits. Look-ups take a Scope: what it does not hold does not exist. SQLite
by default (WAL, every commit synced), Postgres by URL; the same schema on both.
"""
