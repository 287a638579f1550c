"""Appends to the audit log, many entries in one transaction."""

import asyncio
import queue
import threading
from concurrent.futures import Future

import structlog

from services.domain.audit import AuditEntry
from services.registry.audit import Audit

log = structlog.get_logger("audit")
_AT_ONCE = 256


class AuditTrail:
    """Appends entries in a thread of its own, those that come together in one transaction."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._waiting: queue.SimpleQueue[tuple[AuditEntry, Future[None]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def record(self, entry: AuditEntry) -> "Future[None]":
        """Append *entry*; the future is done when it is durable."""
        done: Future[None] = Future()
        self._waiting.put((entry, done))
        return done

    async def note(self, entry: AuditEntry) -> None:
        """Append *entry* and return when it is durable; it is appended if the caller leaves."""
        await asyncio.shield(asyncio.wrap_future(self.record(entry)))

    def close(self) -> None:
        """Append what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            gathered = [self._waiting.get()]
            while len(gathered) < _AT_ONCE and not self._waiting.empty():
                gathered.append(self._waiting.get())
            goes_on = None not in gathered
            self._append([one for one in gathered if one is not None])

    def _append(self, gathered: list[tuple[AuditEntry, "Future[None]"]]) -> None:
        if not gathered:
            return
        try:
            self._audit.append([entry for entry, _ in gathered])
        except Exception as error:
            # A full disk must not stop questions; that there is a gap is told where logs go.
            log.exception("audit entries lost", count=len(gathered), exc_info=error)
        for _, done in gathered:
            # Who waited for it may have left.
            if done.set_running_or_notify_cancel():
                done.set_result(None)
