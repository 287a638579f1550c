"""From the door to the worker: messages that carry the ids of documents to be ingested.

The truth about a document is its row in the registry. A message may be lost or come twice: a
sweeper sends it again, and a claim in the registry lets one worker win. A message is leased, not
taken: if its worker dies, another gets it.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

Handler: TypeAlias = Callable[[Sequence[str]], None]


class JobQueue(Protocol):
    """Where documents wait for a worker."""

    def send(self, document_ids: Sequence[str]) -> None:
        """Ask for these documents to be ingested together."""
        ...

    def waiting(self) -> int:
        """Return how many messages no worker has taken yet."""
        ...

    def recover(self) -> None:
        """End the leases of workers that are known to be dead."""
        ...


class JobWorker(Protocol):
    """Threads that take messages and hand their ids to a Handler."""

    def start(self) -> None:
        """Begin taking messages."""
        ...

    def stop(self, timeout_s: float) -> None:
        """Take no more, and wait for those being handled."""
        ...
