"""What the audit log says, and the chain that shows tampering."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, with what outcome (the HTTP status). `seq` rises without gaps.

    `hash` is the SHA-256 of the entry before and this one's other fields.
    """

    principal: str
    action: str
    target: str
    status: int
    client: str = ""
    at: str = ""
    seq: int = 0
    hash: str = ""


def chained_hash(before: str, entry: AuditEntry) -> str:
    """Return the hash of *entry* after an entry whose hash was *before*."""
    fields = [
        before,
        entry.seq,
        entry.at,
        entry.principal,
        entry.action,
        entry.target,
        entry.status,
        entry.client,
    ]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=True).encode()).hexdigest()


def first_fault(entries: Iterable[AuditEntry], last: tuple[int, str] | None) -> str | None:
    """Return what is wrong with the whole log, in words; None if it is as it was written.

    *last* is the number and hash that the log must end with, None if that is not known.
    """
    number, before = 0, FIRST_HASH
    for entry in entries:
        if entry.seq != number + 1:
            return f"Audit entry {number + 1} is missing."
        if entry.hash != chained_hash(before, entry):
            return f"Audit entry {entry.seq} was altered, or one before it."
        number, before = entry.seq, entry.hash
    if last is not None and (number, before) != last:
        return f"Audit entries after {number} are missing."
    return None
