"""Room for questions: so many at work, so many waiting, the rest refused at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from services.domain.errors import BusyError, DeadlineError


class Admission:
    """Permits to ask. One is taken before any work is done for a question."""

    def __init__(self, running: int, waiting: int) -> None:
        self._most = running + waiting
        self._inside = 0
        self._running = running
        self._turns: anyio.Semaphore | None = None

    @property
    def inside(self) -> int:
        """How many questions are at work or waiting."""
        return self._inside

    def refuse_if_full(self) -> None:
        """Raise BusyError if one more question would be too many."""
        if self._inside >= self._most:
            message = f"{self._most} questions are being answered or waiting: try again shortly."
            raise BusyError(message)

    @asynccontextmanager
    async def permit(self, deadline_s: float) -> AsyncIterator[float]:
        """Hold a permit; yields the seconds spent waiting for one's turn.

        BusyError at once if too many are inside, DeadlineError if the turn comes too late.
        """
        self.refuse_if_full()
        self._inside += 1
        try:
            turns = self._semaphore()
            began = anyio.current_time()
            with anyio.move_on_after(deadline_s) as waiting:
                await turns.acquire()
            if waiting.cancelled_caught:
                message = f"The question's turn did not come within {deadline_s:g} seconds."
                raise DeadlineError(message)
            try:
                yield anyio.current_time() - began
            finally:
                turns.release()
        finally:
            self._inside -= 1

    def _semaphore(self) -> anyio.Semaphore:
        # Made in the event loop that it serves.
        if self._turns is None:
            self._turns = anyio.Semaphore(self._running)
        return self._turns
