"""Answers that have no place yet: whose turn it is, and who waits for a prefix on its way."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from services.engine.kv_room import READ_AGAIN, WORTH_LOADING, KVRoom
from services.engine.kv_tiers import SavedState
from services.engine.prefix_tree import Match, common
from services.engine.writing import Writing

# Sharing less with a prompt that is being read is not worth waiting for.
_WORTH_WAITING = 64


@dataclass(eq=False, slots=True)
class Waiting:
    """An answer without a place: whom it waits for, and what is being loaded for it."""

    writing: Writing
    leader: Writing | None = None
    shared: int = 0
    match: Match = field(default_factory=Match)
    loading: "Future[SavedState | None] | None" = None

    @property
    def saved(self) -> SavedState | None:
        """What has been loaded for it; nothing if that failed."""
        if self.loading is None or self.loading.exception() is not None:
            return None
        return self.loading.result()


class WaitingRoom:
    """Everyone that waits. Used under the scheduler's lock."""

    def __init__(self, room: KVRoom) -> None:
        self._room = room
        self._all: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self._all)

    @property
    def is_loading(self) -> bool:
        """Say whether something is on its way from a tier."""
        return any(one.loading is not None for one in self._all)

    def add(self, writing: Writing) -> None:
        """Let *writing* wait."""
        self._all.append(Waiting(writing))

    def remove(self, waiting: Waiting) -> None:
        """Take out who has a place now, or has left."""
        self._all.remove(waiting)

    def in_turn(self, running: Sequence[Writing]) -> list[Waiting]:
        """Return who waits: owners with fewer answers in the works first, then by arrival."""
        working = Counter(one.owner for one in running)
        turn: list[tuple[int, int, Waiting]] = []
        for waiting in sorted(self._all, key=lambda one: one.writing.number):
            turn.append((working[waiting.writing.owner], waiting.writing.number, waiting))
            working[waiting.writing.owner] += 1
        return [waiting for *_, waiting in sorted(turn, key=lambda one: one[:2])]

    def must_wait(self, waiting: Waiting, running: Sequence[Writing]) -> bool:
        """Say whether its prefix is on its way: read for another prompt, or loaded from a tier."""
        return self._follows(waiting, running) or self._loads(waiting)

    def _follows(self, waiting: Waiting, running: Sequence[Writing]) -> bool:
        leader = waiting.leader
        if leader is not None and leader.sequence >= 0 and leader.position < waiting.shared:
            return True
        writing = waiting.writing
        waiting.leader = None
        waiting.match = self._room.match(writing.share, writing.tokens)
        if not self._room.context.can_reuse:
            return False
        least = max(waiting.match.resident, waiting.match.stored) + _WORTH_WAITING
        for one in running:
            if one.share != writing.share or one.is_writing:
                continue
            shared = common(one.tokens, writing.tokens[:-READ_AGAIN])
            if shared >= least and one.position < shared:
                waiting.leader, waiting.shared = one, shared
                return True
        return False

    def _loads(self, waiting: Waiting) -> bool:
        match = waiting.match
        spares = match.stored - match.resident
        if waiting.loading is None and match.name is not None and spares >= WORTH_LOADING:
            waiting.loading = self._room.tiers.fetch(match.name)
        return waiting.loading is not None and not waiting.loading.done()
