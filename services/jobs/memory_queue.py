"""A twin of the queue for tests: what is sent is handled at once, in the same thread."""

from collections.abc import Sequence

from services.jobs import Handler


class MemoryQueue:
    """Keeps what was sent; hands it to *handler* if there is one."""

    def __init__(self, handler: Handler | None = None) -> None:
        self.sent: list[list[str]] = []
        self._handler = handler

    def send(self, document_ids: Sequence[str]) -> None:
        """Take a message."""
        if self._handler is None:
            self.sent.append(list(document_ids))
        else:
            self._handler(document_ids)

    def waiting(self) -> int:
        """Return how many messages were kept."""
        return len(self.sent)

    def recover(self) -> None:
        """Nothing to end: a twin has no leases."""
