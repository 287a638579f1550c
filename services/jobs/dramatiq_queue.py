"""The queue and its workers over a dramatiq broker: SQLite on one machine, Redis between many."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Callbacks, Pipelines, Retries, ShutdownNotifications, TimeLimit

from services.domain.errors import NotReadyError
from services.jobs import Handler
from services.jobs.sqlite_broker import SQLiteBroker

QUEUE = "ingest"
ACTOR = "ingest_documents"
_RETRIES = 3
_FIRST_RETRY_MS = 1000
_LAST_RETRY_MS = 60_000
# A reader has its own limits; this one only frees a thread that nothing else could.
_LONGEST_MS = 6 * 3600 * 1000
_HEARTBEAT_MS = 20_000
# A Redis that is frozen must not freeze uploads.
_CONNECT_S, _ANSWER_S = 1.0, 3.0


class DramatiqQueue:
    """Sends messages to workers, wherever they are."""

    def __init__(self, broker: SQLiteBroker | RedisBroker) -> None:
        self._broker = broker
        broker.declare_queue(QUEUE)

    def send(self, document_ids: Sequence[str]) -> None:
        """Ask for these documents to be ingested together.

        NotReadyError if Redis does not answer.
        """
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=QUEUE,
            actor_name=ACTOR,
            args=(list(document_ids),),
            kwargs={},
            options={},
        )
        with _translated():
            self._broker.enqueue(message)

    def waiting(self) -> int:
        """Return how many messages no worker has taken yet; NotReadyError likewise."""
        with _translated():
            if isinstance(self._broker, SQLiteBroker):
                return self._broker.waiting(QUEUE)
            return int(self._broker.client.llen(f"{self._broker.namespace}:{QUEUE}"))

    def recover(self) -> None:
        """End the leases of dead workers; NotReadyError likewise. Redis's own broker does so by
        their heartbeats.
        """
        if isinstance(self._broker, SQLiteBroker):
            with _translated():
                self._broker.recover()


class DramatiqWorker:
    """Threads that hand the ids of each message to *handler*."""

    def __init__(self, broker: SQLiteBroker | RedisBroker, handler: Handler, threads: int) -> None:
        self._broker = broker
        declared = dramatiq.actor(
            actor_name=ACTOR,
            queue_name=QUEUE,
            broker=broker,
            max_retries=_RETRIES,
            min_backoff=_FIRST_RETRY_MS,
            max_backoff=_LAST_RETRY_MS,
            time_limit=_LONGEST_MS,
        )
        declared(handler)
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=100)

    def start(self) -> None:
        """Begin taking messages."""
        self._worker.start()

    def stop(self, timeout_s: float) -> None:
        """Take no more, and wait for those being handled."""
        self._worker.stop(timeout=int(timeout_s * 1000))


def sqlite_broker(path: Path) -> SQLiteBroker:
    """Open the embedded broker in the file at *path*."""
    return SQLiteBroker(path, middleware=_middleware())


def redis_broker(url: str) -> RedisBroker:
    """Open dramatiq's own Redis broker; a dead worker's messages come back within a minute."""
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=redis.Redis.from_url(
            url, socket_connect_timeout=_CONNECT_S, socket_timeout=_ANSWER_S
        ),
        middleware=_middleware(),
        namespace="footnote",
        heartbeat_timeout=_HEARTBEAT_MS,
        maintenance_chance=10_000,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Say in the house's words that Redis, or the queue's file, does not answer."""
    try:
        yield
    except (dramatiq.errors.BrokerConnectionError, redis.RedisError, sqlite3.Error) as error:
        message = "The job queue does not answer right now: try again."
        raise NotReadyError(message) from error


def _middleware() -> list[dramatiq.Middleware]:
    return [TimeLimit(), ShutdownNotifications(), Callbacks(), Pipelines(), Retries()]
