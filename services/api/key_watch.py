"""Keys that end while what they asked for is still being told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio.to_thread
import structlog

from services.domain.errors import UnauthenticatedError

log = structlog.get_logger("access")
_LOOK_S = 0.4


class KeyWatch:
    """Says within half a second that a key at work has been revoked or has expired.

    One look for all of them, on a thread that makes no answers. Used from the event loop; `is_over`
    from anywhere.
    """

    def __init__(self, ended: Callable[[Collection[str]], frozenset[str]]) -> None:
        self._ended = ended
        self._at_work = Counter[str]()
        self._over: frozenset[str] = frozenset()

    @contextmanager
    def watched(self, principal: str) -> Iterator[None]:
        """Look after the key of *principal* as long as this is open."""
        self._at_work[principal] += 1
        try:
            yield
        finally:
            self._at_work[principal] -= 1
            if not self._at_work[principal]:
                del self._at_work[principal]

    def is_over(self, principal: str) -> bool:
        """Say whether the key that is at work has ended."""
        return principal in self._over

    def refuse_if_over(self, principal: str) -> None:
        """Raise `ended_key` if the key that is at work has ended."""
        if self.is_over(principal):
            raise ended_key()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look again and again as long as this is open."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                self._over = await self._looked()
            except Exception as error:
                # Whatever the registry's trouble: the next look finds what this one did not.
                log.exception("keys could not be looked up", exc_info=error)

    async def _looked(self) -> frozenset[str]:
        if not self._at_work:
            return frozenset()
        return await anyio.to_thread.run_sync(self._ended, frozenset(self._at_work))


def ended_key() -> UnauthenticatedError:
    """Return what one is told whose key has ended."""
    return UnauthenticatedError("This key has been revoked or has expired meanwhile.")
