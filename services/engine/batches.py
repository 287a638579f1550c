"""What goes into one batch, and what a context must be able to do: a Protocol without a library."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.domain.answers import Sampling
from services.engine.prefix_tree import Tokens


class Row(NamedTuple):
    """Tokens that continue *sequence* at position `start`; the last `outputs` want logits."""

    sequence: int
    start: int
    tokens: Tokens
    outputs: int = 0


def part(pending: int, chunk: int) -> int:
    """Return how many of a prompt's *pending* tokens are read in a step that has room for *chunk*.

    Never one alone, nor so many that one is left: llama.cpp rounds it otherwise than several.
    """
    if pending <= chunk:
        return pending
    size = chunk - 1 if pending - chunk == 1 else chunk
    return size if size > 1 else 0


def apart(rows: list[Row]) -> list[list[Row]]:
    """Return *rows* with those that are written together, and each part of a prompt alone.

    llama.cpp reads one token of each text of a batch, then the rest: together with others, a
    part of a prompt would begin, or end, with one token alone.
    """
    groups: list[list[Row]] = []
    for row in rows:
        if groups and _is_written(row) and _is_written(groups[-1][-1]):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _is_written(row: Row) -> bool:
    return row.outputs == len(row.tokens)


class TokenPicker(Protocol):
    """Picks an answer's tokens, one after another."""

    @property
    def is_greedy(self) -> bool:
        """Say whether it takes the likeliest token, whatever came before."""
        ...

    def pick(self, logits: NDArray[np.float32]) -> int:
        """Return the next token, and remember it."""
        ...

    def close(self) -> None:
        """Give its memory back."""
        ...


class KVContext(Protocol):
    """A model with `capacity` KV cells for up to `sequences` texts of `window` tokens at most.

    Unified, the texts share one pool and a copied prefix takes no room; else each has its own.
    """

    capacity: int
    window: int
    is_unified: bool
    batch_tokens: int
    sequences: int

    @property
    def can_reuse(self) -> bool:
        """Say whether a prefix's KV may be cut anywhere."""
        ...

    def decode(self, rows: list[Row]) -> int:
        """Read *rows*; 0 done, 1 no room, 2 aborted, below 0 broken: of a batch that is not done
        some rows may have been read, which the caller removes.
        """
        ...

    def logits(self, index: int) -> NDArray[np.float32]:
        """Return the logits at *index* of the last batch, counted over all its tokens."""
        ...

    def sampler(self, sampling: Sampling) -> TokenPicker:
        """Return what picks the tokens of one answer."""
        ...

    def copy(self, source: int, target: int, end: int) -> None:
        """Let *target* hold the first *end* cells of *source* too."""
        ...

    def remove(self, sequence: int, start: int = 0) -> None:
        """Let *sequence* go of its cells from *start* on."""
        ...

    def remove_until(self, sequence: int, end: int) -> None:
        """Let *sequence* go of its first *end* cells."""
        ...

    def clear(self) -> None:
        """Let all cells go."""
        ...

    def state(self, sequence: int) -> bytes:
        """Return the KV of *sequence*."""
        ...

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put a state into *sequence*; False if there is no room for it."""
        ...

    def piece(self, token: int) -> bytes:
        """Return a token's bytes."""
        ...

    def ends(self, token: int) -> bool:
        """Say whether *token* ends a text."""
        ...

    def set_threads(self, threads: int) -> None:
        """Use so many threads from the next batch on."""
        ...
