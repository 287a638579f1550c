"""What readers are told of their answers, by a thread of its own."""

import queue
import threading
from typing import TypeAlias

from services.domain.errors import EngineError
from services.engine import Step

Reader: TypeAlias = "queue.SimpleQueue[Step | EngineError]"


class Outbox:
    """Keeps what is to be told until `deliver`, which wakes one thread however many readers there
    are. It wakes them while the next batch is decoded: each waking takes tens of microseconds, and
    a reader that is awake takes Python's lock from the thread that fills batches.
    """

    def __init__(self) -> None:
        self._due: list[tuple[Reader, Step | EngineError]] = []
        self._sent: queue.SimpleQueue[list[tuple[Reader, Step | EngineError]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def add(self, reader: Reader, told: Step | EngineError) -> None:
        """Keep what *reader* is to be told."""
        self._due.append((reader, told))

    def deliver(self) -> None:
        """Have the readers told what is due, in its order."""
        if self._due:
            self._sent.put(self._due)
            self._due = []

    def close(self) -> None:
        """Return when all readers have been told what is due."""
        self.deliver()
        self._sent.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (sent := self._sent.get()) is not None:
            for reader, told in sent:
                reader.put(told)
