"""Room for questions: so many at work, so many waiting, the rest refused at once.

Fair between owners (the keys that ask): places go round between them, and where there is no room
at all, who has most waiting gives up the newest place to someone who has fewer.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from services.api.approach import Approaches
from services.domain.errors import BusyError, DeadlineError, NotReadyError

# How often one who waits looks whether the service still goes on.
_LOOK_S = 0.25
# Owners whose last turn is remembered; who is forgotten counts as never served.
_MOST_REMEMBERED = 1000


@dataclass(eq=False, slots=True)
class _Waiting:
    """One question without its turn yet."""

    owner: str
    number: int
    news: anyio.Event = field(default_factory=anyio.Event)
    has_turn: bool = False
    is_displaced: bool = False

    def check(self) -> None:
        """Raise BusyError if the place has gone to someone with fewer questions."""
        if self.is_displaced:
            raise BusyError("Others wait with fewer questions: ask again when some are done.")


class Place:
    """A question's place among those inside; `turn` waits until it may begin."""

    def __init__(self, admission: "Admission", waiting: _Waiting) -> None:
        self._admission = admission
        self._waiting = waiting

    async def turn(
        self, deadline_s: float, check: Callable[[], None] = lambda: None
    ) -> AsyncIterator[int]:
        """Yield how many are ahead, as that changes, until it is this one's turn. *check* is called
        again and again meanwhile, and may raise what ends the waiting.

        BusyError if the place went to someone with fewer questions, DeadlineError if the turn does
        not come within *deadline_s* seconds, NotReadyError if the service ends before.
        """
        until = anyio.current_time() + deadline_s
        told = -1
        while not self._waiting.has_turn:
            ahead = self._admission.ahead(self._waiting)
            if ahead != told:
                told = ahead
                yield ahead
            with anyio.move_on_at(min(until, anyio.current_time() + _LOOK_S)):
                await self._waiting.news.wait()
            self._waiting.check()
            self._admission.check()
            check()
            if anyio.current_time() >= until:
                break
        if not self._waiting.has_turn:
            message = f"The question's turn did not come within {deadline_s:g} seconds."
            raise DeadlineError(message)


class Admission:
    """Permits to ask. One is taken before any work is done for a question."""

    def __init__(
        self, running: int, waiting: int, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self._is_over = is_over
        self._most = running + waiting
        self._most_running = running
        self._running: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []
        self._numbers = 0
        self._served: dict[str, int] = {}
        self.approaches = Approaches()

    @property
    def inside(self) -> int:
        """How many questions are at work or waiting."""
        return self._running.total() + len(self._waiting)

    def refuse_if_full(self, owner: str) -> None:
        """Raise BusyError if one more question of *owner* would be too many, those that are on
        their way included.
        """
        coming = self.inside + self.approaches.others_of(owner)
        if coming >= self._most and self._displaceable(owner) is None:
            message = f"{self._most} questions are being answered or waiting: try again shortly."
            raise BusyError(message)

    @asynccontextmanager
    async def place(self, owner: str) -> AsyncIterator[Place]:
        """Hold a place for a question of *owner*; BusyError at once if there is none."""
        waiting = self._entered(owner)
        try:
            yield Place(self, waiting)
        finally:
            self._leave(waiting)

    def check(self) -> None:
        """Raise NotReadyError if nobody's turn will come any more."""
        if self._is_over():
            raise NotReadyError("The service is shutting down: ask again when it is back.")

    def ahead(self, waiting: _Waiting) -> int:
        """Return how many turns come before this one's."""
        return self._in_turn().index(waiting)

    def _entered(self, owner: str) -> _Waiting:
        self.approaches.arrived()
        self.refuse_if_full(owner)
        if self.inside >= self._most:
            displaced = self._displaceable(owner)
            if displaced is not None:
                displaced.is_displaced = True
                self._waiting.remove(displaced)
                displaced.news.set()
        self._numbers += 1
        waiting = _Waiting(owner, self._numbers)
        self._waiting.append(waiting)
        self._give_turns()
        return waiting

    def _leave(self, waiting: _Waiting) -> None:
        if waiting.has_turn:
            self._running[waiting.owner] -= 1
            if not self._running[waiting.owner]:
                del self._running[waiting.owner]
        elif waiting in self._waiting:
            self._waiting.remove(waiting)
        self._give_turns()

    def _give_turns(self) -> None:
        while self._waiting and self._running.total() < self._most_running:
            first = self._in_turn()[0]
            self._waiting.remove(first)
            self._running[first.owner] += 1
            first.has_turn = True
            self._numbers += 1
            self._served.pop(first.owner, None)
            self._served[first.owner] = self._numbers
            while len(self._served) > _MOST_REMEMBERED:
                del self._served[next(iter(self._served))]
            first.news.set()
        for one in self._waiting:
            one.news.set()
            one.news = anyio.Event()

    def _in_turn(self) -> list[_Waiting]:
        """Return who waits, in the order of their turns: fewer at work, then longest unserved."""
        at_work = Counter(self._running)
        turns: list[tuple[int, int, int, _Waiting]] = []
        for one in self._waiting:
            served = self._served.get(one.owner, 0)
            turns.append((at_work[one.owner], served, one.number, one))
            at_work[one.owner] += 1
        return [one for *_, one in sorted(turns, key=lambda turn: turn[:3])]

    def _displaceable(self, owner: str) -> _Waiting | None:
        """Return the newest question of who has most inside, if *owner* has clearly fewer."""
        inside = Counter(self._running)
        inside.update(one.owner for one in self._waiting)
        greedy = [one for one in self._waiting if inside[one.owner] > inside[owner] + 1]
        return max(greedy, key=lambda one: (inside[one.owner], one.number), default=None)
