"""A dramatiq broker over one SQLite file, for the embedded default.

Messages are leased: a consumer renews the leases of what it holds, and a message whose lease has
run out is given to the next consumer that asks.
"""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dramatiq import Broker, Consumer, Message, MessageProxy, Middleware
from dramatiq.common import current_millis
from typing_extensions import override

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  payload BLOB NOT NULL,
  available_ms INTEGER NOT NULL,
  holder TEXT
);
CREATE INDEX IF NOT EXISTS messages_next ON messages (queue, available_ms, id);
"""
_POLL_S = 0.05
_RENEW_S = 10.0


class SQLiteBroker(Broker):
    """Queues in the file at *path*; a lease lasts *lease_s* unless renewed."""

    def __init__(
        self, path: Path, middleware: list[Middleware] | None = None, lease_s: float = 60.0
    ) -> None:
        super().__init__(middleware)
        self._path = path
        self._lease_ms = int(lease_s * 1000)
        self._local = threading.local()
        # Who waits in SQLite looks again after up to 0.1 s; threads take turns here.
        self._turn = threading.Lock()
        with self.transaction() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction on this thread's connection."""
        connection = self._connection()
        with self._turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise
            if connection.in_transaction:
                connection.commit()

    @override
    def declare_queue(self, queue_name: str) -> None:
        """Make the queue known; it needs nothing else."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    @override
    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Store *message*, to be taken after *delay* milliseconds."""
        self.declare_queue(message.queue_name)
        self.emit_before("enqueue", message, delay)
        row = (message.queue_name, message.encode(), current_millis() + (delay or 0))
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO messages (queue, payload, available_ms) VALUES (?, ?, ?)", row
            )
        self.emit_after("enqueue", message, delay)
        return message

    @override
    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> Consumer:
        """Return a consumer that holds at most *prefetch* messages at a time."""
        return _LeasingConsumer(self, queue_name, prefetch, timeout)

    @override
    def flush(self, queue_name: str) -> None:
        """Drop every message of the queue."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM messages WHERE queue = ?", (queue_name,))

    @override
    def flush_all(self) -> None:
        """Drop every message."""
        for queue_name in list(self.queues):
            self.flush(queue_name)

    @override
    def join(self, queue_name: str, *, timeout: int | None = None) -> None:
        """Wait until the queue is empty; TimeoutError after *timeout* milliseconds."""
        deadline = time.monotonic() + timeout / 1000 if timeout else None
        while self.size(queue_name):
            if deadline and time.monotonic() > deadline:
                message = f"Queue {queue_name!r} is not empty."
                raise TimeoutError(message)
            time.sleep(_POLL_S)

    def size(self, queue_name: str) -> int:
        """Return how many messages the queue has, taken ones included."""
        query = "SELECT count(*) FROM messages WHERE queue = ?"
        return int(self._connection().execute(query, (queue_name,)).fetchone()[0])

    def waiting(self, queue_name: str) -> int:
        """Return how many messages could be taken right now."""
        query = "SELECT count(*) FROM messages WHERE queue = ? AND available_ms <= ?"
        row = self._connection().execute(query, (queue_name, current_millis())).fetchone()
        return int(row[0])

    def recover(self) -> None:
        """End every lease: for a start that knows that no other worker is alive."""
        with self.transaction() as connection:
            connection.execute("UPDATE messages SET available_ms = 0 WHERE holder IS NOT NULL")

    def take(self, queue_name: str, holder: str) -> tuple[int, bytes] | None:
        """Lease the next message to *holder*; None if there is none."""
        if not self.waiting(queue_name):
            return None
        now = current_millis()
        with self.transaction() as connection:
            row = connection.execute(
                "SELECT id, payload FROM messages WHERE queue = ? AND available_ms <= ? "
                "ORDER BY id LIMIT 1",
                (queue_name, now),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE messages SET available_ms = ?, holder = ? WHERE id = ?",
                (now + self._lease_ms, holder, row[0]),
            )
        return int(row[0]), bytes(row[1])

    def renew(self, held: Iterable[int], holder: str) -> None:
        """Make the leases last from now on again."""
        until = current_millis() + self._lease_ms
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE messages SET available_ms = ? WHERE id = ? AND holder = ?",
                [(until, number, holder) for number in held],
            )

    def done(self, number: int, holder: str) -> None:
        """Forget a message that was handled."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM messages WHERE id = ? AND holder = ?", (number, holder))

    def give_back(self, numbers: Iterable[int], holder: str) -> None:
        """Let others take messages that were leased but not handled."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE messages SET available_ms = 0, holder = NULL WHERE id = ? AND holder = ?",
                [(number, holder) for number in numbers],
            )

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            # A lost message is sent again by the sweeper, so this file need not wait for the disk.
            connection.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = connection
        return connection


class _Leased(MessageProxy):
    """A message with the number of its row."""

    def __init__(self, message: Message[Any], number: int) -> None:
        super().__init__(message)
        self.number = number


class _LeasingConsumer(Consumer):
    """Takes messages of one queue and keeps their leases alive while they are handled."""

    def __init__(self, broker: SQLiteBroker, queue: str, prefetch: int, timeout_ms: int) -> None:
        self._broker = broker
        self._queue = queue
        self._prefetch = prefetch
        self._timeout_s = timeout_ms / 1000
        self._holder = f"{threading.get_ident()}-{time.time_ns()}"
        self._held: set[int] = set()
        self._renewed_at = time.monotonic()

    @override
    def __next__(self) -> MessageProxy | None:
        """Return a message, or None if none came within the timeout."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            self._renew()
            taken = (
                self._broker.take(self._queue, self._holder)
                if len(self._held) < self._prefetch
                else None
            )
            if taken is not None:
                self._held.add(taken[0])
                return _Leased(Message.decode(taken[1]), taken[0])
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)

    @override
    def ack(self, message: MessageProxy) -> None:
        """Forget the message."""
        self._finish(message)

    @override
    def nack(self, message: MessageProxy) -> None:
        """Forget the message: its document's row says what went wrong."""
        self._finish(message)

    @override
    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back what was taken but not handled."""
        numbers = [message.number for message in messages if isinstance(message, _Leased)]
        self._held.difference_update(numbers)
        self._broker.give_back(numbers, self._holder)

    @override
    def close(self) -> None:
        """Give back whatever is still held."""
        self._broker.give_back(list(self._held), self._holder)
        self._held.clear()

    def _finish(self, message: MessageProxy) -> None:
        if isinstance(message, _Leased):
            self._broker.done(message.number, self._holder)
            self._held.discard(message.number)

    def _renew(self) -> None:
        if self._held and time.monotonic() - self._renewed_at > _RENEW_S:
            self._broker.renew(list(self._held), self._holder)
            self._renewed_at = time.monotonic()
