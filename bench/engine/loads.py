"""Load as retrieval makes it: prompts of documents and questions, as token numbers.

Tokens are drawn at random, so that no peer gains by what the text says, and all write the same
number of tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.engine.prefix_tree import Tokens

_FIRST, _LAST = 100, 40_000


@dataclass(frozen=True, slots=True)
class Load:
    """Rounds of prompts: those of one round are sent at once; each reply has `tokens` tokens."""

    name: str
    rounds: tuple[tuple[Tokens, ...], ...]
    tokens: int

    @property
    def prompts(self) -> list[Tokens]:
        """All prompts in order."""
        return [prompt for one in self.rounds for prompt in one]


def loads(clients: int, tokens: int, seed: int) -> list[Load]:
    """Return the loads: overlapping passages, none in common, a burst on one document, and
    conversations of four turns.
    """
    chance = np.random.default_rng(seed)

    def text(size: int) -> Tokens:
        return chance.integers(_FIRST, _LAST, size).astype(np.int32)

    documents = [text(650) for _ in range(max(1, clients // 4))]
    burst = text(3000)
    overlap = [_joined(documents[i % len(documents)], text(60)) for i in range(clients)]
    return [
        Load("overlap", (tuple(overlap),), tokens),
        Load("none", (tuple(text(710) for _ in range(clients)),), tokens),
        Load("burst", (tuple(_joined(burst, text(60)) for _ in range(clients)),), tokens),
        _conversations(text(80), text, max(1, clients // 4), tokens),
    ]


def _conversations(system: Tokens, text: Callable[[int], Tokens], people: int, tokens: int) -> Load:
    """Each turn adds fresh passages, a question, and what was answered before."""
    said = [system] * people
    rounds = []
    for _ in range(4):
        said = [_joined(one, text(400)) for one in said]
        rounds.append(tuple(said))
        said = [_joined(one, text(tokens)) for one in said]
    return Load("conversations", tuple(rounds), tokens)


def _joined(*parts: Tokens) -> Tokens:
    return np.concatenate(parts)
