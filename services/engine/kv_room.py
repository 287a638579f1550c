"""Who has which cells: answers at work, branches that rest for the next question; eviction."""

from dataclasses import dataclass, field
from heapq import nsmallest

from services.engine.batches import KVContext
from services.engine.kv_tiers import KVTiers, SavedState
from services.engine.prefix_tree import SHARE_JOINT, Match, PrefixTree, Tokens, common
from services.engine.writing import Writing

# Shorter prefixes are read again sooner than they are looked after.
WORTH_KEEPING = 16
# A saved state is loaded if it spares so many tokens more than what is resident.
WORTH_LOADING = 128
# So many tokens of a prompt are read in any case: the last for its logits, and llama.cpp rounds one
# alone otherwise than several, so that the same seed would give another text.
READ_AGAIN = 2
# The cost of reading a token grows with what stands before it: as much again at this depth.
_DEPTH = 4096


@dataclass(slots=True)
class _Branch:
    """What a sequence's cells were good for; `rank` orders eviction (GreedyDual-Size-Frequency,
    Cherkasova 1998: clock + uses x cost / size).
    """

    uses: int = 1
    rank: float = 0.0


@dataclass(slots=True)
class KVRoom:
    """The cells of one context. Used by the scheduler's thread alone, under its lock."""

    context: KVContext
    tiers: KVTiers
    tree: PrefixTree = field(default_factory=PrefixTree)
    resting: dict[int, _Branch] = field(default_factory=dict)
    evicted: int = 0
    restored: int = 0
    _free: list[int] = field(default_factory=list)
    _uses: dict[int, int] = field(default_factory=dict)
    _clock: float = 0.0
    # Of the last state that was saved.
    _token_bytes: float = 0.0

    def __post_init__(self) -> None:
        self._free = list(range(self.context.sequences))[::-1]

    def match(self, share: str, tokens: Tokens) -> Match:
        """Return what is at hand of *tokens*; the last two are always read."""
        if not self.context.can_reuse:
            return Match()
        return self.tree.match(share, tokens[:-READ_AGAIN])

    @property
    def has_free(self) -> bool:
        """Say whether a sequence is free, so that nothing that rests has to go for another."""
        return bool(self._free)

    def is_at_hand(self, share: str, tokens: Tokens) -> bool:
        """Say whether all but the end of *tokens* is resident or saved."""
        match = self.match(share, tokens)
        return max(match.resident, match.stored) >= len(tokens) - WORTH_KEEPING

    def free_cells(self, running: list[Writing]) -> int:
        """Return how many cells nobody holds; in pools of their own nobody is in another's way."""
        if not self.context.is_unified:
            return self.context.capacity
        loose = sum(one.position - self.tree.length(one.sequence) for one in running)
        return self.context.capacity - self.tree.cells - loose

    def can_hold(self, tokens: int, running: list[Writing]) -> bool:
        """Say whether *tokens* more would fit if all that rests were let go."""
        at_rest = self.tree.cells - self._held_by(running)
        return self.free_cells(running) + at_rest >= tokens

    def place(self, writing: Writing, saved: SavedState | None, running: list[Writing]) -> bool:
        """Give *writing* a sequence with all that is at hand for it; False if none is free."""
        sequence = self._taken()
        if sequence is None:
            return False
        writing.sequence = sequence
        self._uses[sequence] = 1
        if saved is None or not self._restored(writing, saved, running):
            self._shared(writing)
        self.tree.hold(sequence, writing.share, writing.tokens[: writing.position])
        writing.cached = max(writing.cached, min(writing.position, writing.prompt_tokens))
        return True

    def held(self, writing: Writing) -> None:
        """Note in the tree what *writing* has in the context by now."""
        if not self.context.can_reuse:
            return
        sequence, tokens = writing.sequence, writing.tokens[: writing.position]
        if self.context.is_unified:
            # Two that read the same side by side, or wrote it: one set of cells is enough.
            match = self.tree.match(writing.share, tokens)
            if match.holder is not None and match.resident > self.tree.length(sequence):
                self.context.remove_until(sequence, match.resident)
                self.context.copy(match.holder, sequence, match.resident)
        self.tree.hold(sequence, writing.share, tokens)

    def rest(self, writing: Writing) -> None:
        """Let the cells of an answer that has ended rest, if they may spare the next one work."""
        self.held(writing)
        sequence = writing.sequence
        writing.sequence = -1
        if not writing.is_kept or self.tree.unique(sequence) < WORTH_KEEPING:
            self._release(sequence)
            return
        self._absorb(sequence)
        self._rank(sequence)

    def make_room(self, cells: int, running: list[Writing]) -> bool:
        """Let resting branches go, the cheapest first, until *cells* are free; False if in vain."""
        while self.free_cells(running) < cells:
            if not self.resting:
                return False
            self._evict()
        return True

    def lost_everything(self) -> None:
        """Start again with an empty context, after a failure."""
        self.context.clear()
        self.tree.clear_holders()
        self.resting.clear()
        self._uses.clear()
        self._free = list(range(self.context.sequences))[::-1]

    def save(self, sequence: int, *, on_disk: bool = True) -> bool:
        """Save the state of a resting branch into the tiers; False if that is not worth it."""
        tokens = self.tree.tokens(sequence)
        if len(tokens) < WORTH_LOADING or self.tree.is_saved(sequence) or not self.tiers.is_open:
            return False
        share = self.tree.share_of(sequence)
        state = self.context.state(sequence)
        self._token_bytes = len(state) / len(tokens)
        name = self.tiers.keep(share, tokens, state, on_disk=on_disk)
        self.tree.save(share, tokens, name)
        return True

    def unsaved(self, uses: int) -> list[int]:
        """Return resting branches that were used *uses* times or more and are saved nowhere."""
        return [
            sequence
            for sequence, branch in self.resting.items()
            if branch.uses >= uses
            and self.tree.length(sequence) >= WORTH_LOADING
            and not self.tree.is_saved(sequence)
        ]

    def forget(self, collection: str) -> None:
        """Let everything go that rests or is saved for askers of *collection*."""
        for sequence in [one for one in self.resting if self._reads(one, collection)]:
            del self.resting[sequence]
            self._release(sequence)
        for name in self.tree.unsave(collection):
            self.tiers.drop(name)

    def _reads(self, sequence: int, collection: str) -> bool:
        return collection in self.tree.share_of(sequence).split(SHARE_JOINT)

    def _taken(self) -> int | None:
        if not self._free and self.resting:
            self._evict()
        return self._free.pop() if self._free else None

    def _shared(self, writing: Writing) -> None:
        match = self.match(writing.share, writing.tokens)
        writing.position = match.resident
        if match.holder is not None:
            self.context.copy(match.holder, writing.sequence, match.resident)
            if match.resident >= WORTH_KEEPING:
                self._used(match.holder)

    def _restored(self, writing: Writing, saved: SavedState, running: list[Writing]) -> bool:
        """Load a state; what is in the context already is shared with it, not held twice."""
        sequence = writing.sequence
        if not self.make_room(len(saved.tokens), running):
            return False
        if not self.context.restore(sequence, saved.state):
            self.context.remove(sequence)
            return False
        usable = common(saved.tokens, writing.tokens[:-READ_AGAIN])
        self.context.remove(sequence, usable)
        writing.position = usable
        match = self.match(writing.share, writing.tokens[: usable + READ_AGAIN])
        if match.holder is not None and self.context.is_unified:
            self.context.remove_until(sequence, match.resident)
            self.context.copy(match.holder, sequence, match.resident)
        self.restored += 1
        return True

    def _used(self, sequence: int) -> None:
        self._uses[sequence] = self._uses.get(sequence, 1) + 1
        if sequence in self.resting:
            self._rank(sequence)

    def _rank(self, sequence: int) -> None:
        uses, length = self._uses.get(sequence, 1), self.tree.length(sequence)
        cost = 1 + length / _DEPTH
        if not self.context.is_unified:
            # Each branch takes a pool of its own, however short it is.
            cost *= length / _DEPTH
        self.resting[sequence] = _Branch(uses, self._clock + uses * cost)

    def _absorb(self, sequence: int) -> None:
        """Let branches go that *sequence* contains whole; it inherits their uses."""
        for other in [one for one in self.resting if self.tree.contains(sequence, one)]:
            self._uses[sequence] += self._uses.get(other, 1) - 1
            del self.resting[other]
            self._release(other)

    def _evict(self) -> None:
        sequence = nsmallest(1, self.resting, key=lambda one: self.resting[one].rank)[0]
        branch = self.resting.pop(sequence)
        self._clock = max(self._clock, branch.rank)
        size = int(len(self.tree.tokens(sequence)) * self._token_bytes)
        if branch.uses > 1:
            self.save(sequence)
        elif self.tiers.has_room_in_memory(size):
            # A conversation comes back for what was used once.
            self.save(sequence, on_disk=False)
        self.evicted += self._release(sequence)

    def _release(self, sequence: int) -> int:
        freed = self.tree.release(sequence)
        self.context.remove(sequence)
        self._uses.pop(sequence, None)
        self._free.append(sequence)
        return freed

    def _held_by(self, running: list[Writing]) -> int:
        """Return the cells of the tree that running answers need."""
        return self.tree.cells_of({one.sequence for one in running})
