"""The audit log: appended to, read, never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import sqlalchemy as sa

from services.domain.audit import AuditEntry, chained_hash, first_fault
from services.registry.database import Database
from services.registry.rows import now
from services.registry.tables import audit, audit_head

_PAGE = 1000


class Audit:
    """The log. Only its tail may grow; there is no way to change or remove an entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Append *entries*, numbered and chained, durably when this returns."""
        with self._database.write() as connection:
            # Takes the lock on the head, so that the chain has one end.
            connection.execute(sa.update(audit_head).values(seq=audit_head.c.seq + len(entries)))
            seq, before = connection.execute(sa.select(audit_head.c.seq, audit_head.c.hash)).one()
            at, rows = now(), []
            for number, entry in enumerate(entries, seq - len(entries) + 1):
                numbered = replace(entry, seq=number, at=at)
                before = chained_hash(before, numbered)
                rows.append(asdict(replace(numbered, hash=before)))
            connection.execute(sa.insert(audit), rows)
            connection.execute(sa.update(audit_head).values(hash=before))

    def after(self, seq: int, limit: int) -> Sequence[AuditEntry]:
        """Return up to *limit* entries with numbers above *seq*, in order."""
        query = sa.select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit)
        with self._database.read() as connection:
            return [AuditEntry(**row) for row in connection.execute(query).mappings()]

    def last(self) -> tuple[int, str]:
        """Return the number and the hash of the newest entry."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(audit_head.c.seq, audit_head.c.hash)).one()
        return int(row.seq), str(row.hash)

    def fault(self) -> str | None:
        """Return what is wrong with the log, in words; None if nothing was altered."""
        # The end is taken first: what is appended meanwhile is not missed.
        last = self.last()
        return first_fault(self._until(last[0]), last)

    def _until(self, last: int) -> Iterator[AuditEntry]:
        seq = 0
        while page := self.after(seq, _PAGE):
            for entry in page:
                if entry.seq <= last:
                    yield entry
            seq = page[-1].seq
