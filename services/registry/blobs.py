"""Originals that no document needs: taken away so that none can come to need them meanwhile."""

from collections.abc import Iterable

import sqlalchemy as sa

from services.registry.tables import documents

# Sixty bits of a SHA-256: what Postgres takes for a lock's number holds 64, with a sign.
_DIGITS = 15


def lock_blobs(connection: sa.Connection, hashes: Iterable[str]) -> None:
    """Let nobody else store documents of these originals, or take them away, until the transaction
    ends. In SQLite a writer is alone anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    for number in sorted({int(one[:_DIGITS], 16) for one in hashes}):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def is_used(connection: sa.Connection, sha256: str) -> bool:
    """Say whether any document still needs this file of the spool."""
    query = sa.select(documents.c.id).where(documents.c.blob_sha256 == sha256).limit(1)
    return connection.execute(query).first() is not None
