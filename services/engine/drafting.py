"""Drafts from the passages: what followed the last words where they stood before.

An answer that quotes its passages writes what the prompt holds already. The last tokens are looked
up in it (prompt lookup decoding, Saxena 2023), and what follows there is checked in one batch with
the token that is due anyway. What is written is the same, only sooner.
"""

import numpy as np

from services.engine.prefix_tree import Tokens
from services.engine.writing import Writing

_KEY = 3
# Checking a wrong draft costs a batch row; below this share of right ones it does not pay.
_LEAST_SHARE = 0.35
_LEARNING = 0.3
# With more answers in a batch its rows are better filled by them.
_MOST_ANSWERS = 4
_NONE = np.zeros(0, dtype=np.int32)


class Drafter:
    """Drafts up to *size* tokens; none by 0, and none where few were right so far."""

    def __init__(self, size: int) -> None:
        self._size = size

    def draft(self, writing: Writing, answers: int) -> list[int]:
        """Return what may come after the token that is due; greedy answers only."""
        if answers > _MOST_ANSWERS or not writing.picker.is_greedy:
            return []
        size = min(self._size, writing.most - writing.written - 1)
        if size <= 0 or writing.draft_share < _LEAST_SHARE:
            return []
        return [int(token) for token in _followed(writing.tokens)[:size]]

    @staticmethod
    def learn(writing: Writing, right: int) -> None:
        """Note how many tokens of the last draft were right."""
        share = right / len(writing.draft)
        writing.draft_share += _LEARNING * (share - writing.draft_share)


def _followed(tokens: Tokens) -> Tokens:
    """Return what followed the last occurrence of the last tokens, before the end."""
    if len(tokens) <= _KEY:
        return _NONE
    key = tokens[-_KEY:]
    body = tokens[:-1]
    hits = np.flatnonzero(body[_KEY - 1 :] == key[-1])
    for at in hits[::-1]:
        if np.array_equal(body[at : at + _KEY], key):
            return tokens[at + _KEY :]
    return _NONE
