"""The log that derived indexes follow."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from services.domain.passages import Change
from services.registry.database import Database
from services.registry.tables import change_head, changes


def log_changes(
    connection: sa.Connection,
    kind: str,
    documents: Iterable[tuple[str, str]],
    embedder: str = "",
) -> None:
    """Log that passages of *documents* (document id, collection id) came or left, or got vectors
    of *embedder*.

    Takes the lock on the change head, so that numbers rise in the order of commits.
    """
    rows = list(documents)
    if not rows:
        return
    connection.execute(sa.update(change_head).values(seq=change_head.c.seq + len(rows)))
    last = connection.execute(sa.select(change_head.c.seq)).scalar_one()
    first = last - len(rows) + 1
    connection.execute(
        sa.insert(changes),
        [
            {
                "seq": first + i,
                "kind": kind,
                "document_id": document,
                "collection_id": collection,
                "embedder": embedder,
            }
            for i, (document, collection) in enumerate(rows)
        ],
    )


class ChangeLog:
    """Reads the log. Holds no Scope: indexes are built of everything and searched by Scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> int:
        """Return the number of the newest change, 0 if there is none."""
        with self._database.read() as connection:
            return int(connection.execute(sa.select(change_head.c.seq)).scalar_one())

    def after(self, seq: int, limit: int = 2000) -> Sequence[Change]:
        """Return up to *limit* changes with numbers above *seq*, in order."""
        query = sa.select(changes).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
        with self._database.read() as connection:
            return [Change(*row) for row in connection.execute(query)]
