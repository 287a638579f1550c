"""Questions on their way from the door to a place: counted, so that a burst is refused at the door.

Between the two a key is looked up and a body is read. Without the count, all that come in that
time would have it done for them, and only then hear that there is no room.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar["_Approach | None"] = ContextVar("approach", default=None)


class _Approach:
    """One question's; ended once, by its place or by its end. Then it is nobody's."""

    def __init__(self, counts: Counter[str], owner: str) -> None:
        self._counts = counts
        self.owner: str | None = owner
        counts[owner] += 1

    def end(self) -> None:
        if self.owner is None:
            return
        self._counts[self.owner] -= 1
        if not self._counts[self.owner]:
            del self._counts[self.owner]
        self.owner = None


class Approaches:
    """How many questions of each owner are on their way."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def others_of(self, owner: str) -> int:
        """Return how many are *owner*'s, the question of this context left out."""
        approach = _current.get()
        is_own = approach is not None and approach.owner == owner
        return self._counts[owner] - is_own

    @contextmanager
    def counted(self, owner: str) -> Iterator[None]:
        """Count a question until it has `arrived` or this context ends."""
        approach = _Approach(self._counts, owner)
        token = _current.set(approach)
        try:
            yield
        finally:
            _current.reset(token)
            approach.end()

    @staticmethod
    def arrived() -> None:
        """Count the question of this context no longer: it has its place, or will get none."""
        approach = _current.get()
        if approach is not None:
            approach.end()
