"""A twin of the model's context for tests: its text follows from what stands before, and it counts
cells as llama.cpp does.

What it would write after some tokens depends on all of them, so an answer that was given another's
cells, or cells with a gap, comes out different.
"""

import json
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.domain.answers import Sampling
from services.engine.batches import Row

_VOCABULARY = 97
_END = 0


class MemoryPicker:
    """Takes the likeliest token."""

    is_greedy = True

    def pick(self, logits: NDArray[np.float32]) -> int:
        """Return the token with the highest logit."""
        return int(logits.argmax())

    def close(self) -> None:
        """There is nothing to free."""


class MemoryContext:
    """A pretended model. *refuse* may answer a batch with a code instead of reading it."""

    def __init__(
        self,
        capacity: int,
        sequences: int = 32,
        *,
        unified: bool = True,
        refuse: Callable[[list[Row]], int] = lambda _rows: 0,
    ) -> None:
        self.capacity = capacity
        self.sequences = sequences
        self.is_unified = unified
        self.window = capacity if unified else capacity // sequences
        self.batch_tokens = 64
        self.can_reuse = True
        self.read = 0
        self.batches: list[list[Row]] = []
        self._refuse = refuse
        self._cells: dict[int, tuple[int, ...]] = {}
        self._tokens: dict[int, int] = {}
        self._next = 0
        self._logits: dict[int, NDArray[np.float32]] = {}

    @property
    def used(self) -> int:
        """How many different cells are held."""
        return len({cell for cells in self._cells.values() for cell in cells})

    def decode(self, rows: list[Row]) -> int:
        """Read *rows*, as strictly as llama.cpp: each continues its sequence without a gap."""
        code = self._refuse(rows)
        total = sum(len(row.tokens) for row in rows)
        if code or total > self.batch_tokens:
            return code or -1
        if self.is_unified and self.used + total > self.capacity:
            return 1
        self.batches.append(rows)
        self._logits.clear()
        at = 0
        for row in rows:
            if len(self._cells.get(row.sequence, ())) != row.start:
                return -1
            for token in row.tokens:
                self._append(row.sequence, int(token))
                self._logits[at] = self._after(row.sequence)
                at += 1
        self.read += total
        return 0

    def logits(self, index: int) -> NDArray[np.float32]:
        """Return the logits at *index* of the last batch."""
        return self._logits[index]

    def sampler(self, _sampling: Sampling) -> MemoryPicker:
        """Return what picks tokens."""
        return MemoryPicker()

    def copy(self, source: int, target: int, end: int) -> None:
        """Let *target* hold the first *end* cells of *source* too."""
        cells = self._cells[source][:end]
        if self.is_unified:
            self._cells[target] = cells + self._cells.get(target, ())
            return
        self._cells[target] = ()
        for cell in cells:
            self._append(target, self._tokens[cell])

    def remove(self, sequence: int, start: int = 0) -> None:
        """Let *sequence* go of its cells from *start* on."""
        self._cells[sequence] = self._cells.get(sequence, ())[:start]

    def remove_until(self, sequence: int, end: int) -> None:
        """Let *sequence* go of its first *end* cells, until `copy` puts others there."""
        self._cells[sequence] = self._cells[sequence][end:]

    def clear(self) -> None:
        """Let all cells go."""
        self._cells.clear()

    def state(self, sequence: int) -> bytes:
        """Return the tokens of *sequence*, which are all its state."""
        return json.dumps([self._tokens[cell] for cell in self._cells[sequence]]).encode()

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put a state into *sequence*; False if there is no room for it."""
        tokens = json.loads(state)
        if self.is_unified and self.used + len(tokens) > self.capacity:
            return False
        self._cells[sequence] = ()
        for token in tokens:
            self._append(sequence, token)
        return True

    def piece(self, token: int) -> bytes:
        """Return a token's bytes."""
        return f" {token}".encode()

    def ends(self, token: int) -> bool:
        """Say whether *token* ends a text."""
        return token == _END

    def set_threads(self, _threads: int) -> None:
        """It has none."""

    def _append(self, sequence: int, token: int) -> None:
        self._tokens[self._next] = token
        self._cells[sequence] = (*self._cells.get(sequence, ()), self._next)
        self._next += 1

    def _after(self, sequence: int) -> NDArray[np.float32]:
        tokens = [self._tokens[cell] for cell in self._cells[sequence]]
        digest = zlib.crc32(np.array(tokens, dtype=np.int32).tobytes())
        logits = np.zeros(_VOCABULARY, dtype=np.float32)
        logits[digest % _VOCABULARY] = 1
        return logits
