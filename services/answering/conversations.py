"""What the prompts of conversations looked like, so that the next one only adds to them.

The service keeps no conversation: the client sends its turns. But a prompt whose beginning is the
last prompt, word by word, is read only from where it goes on. So the layout of the last answer is
remembered by the turns that lead to it; forgotten, the next prompt is laid out afresh.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.answers import Turn
from services.engine import Part

_MOST = 512


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation's prompt so far, its last answer closed, and the passages that stand in it."""

    parts: tuple[Part, ...] = ()
    turns: tuple[Turn, ...] = ()
    passages: frozenset[int] = frozenset()


class Conversations:
    """The newest layouts. Several threads may use it."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, Told] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, share: str, turns: Sequence[Turn]) -> Told | None:
        """Return the layout after exactly these *turns*, for what *share* may read."""
        with self._lock:
            return self._told.get(_key(share, turns))

    def remember(self, share: str, turns: Sequence[Turn], told: Told) -> None:
        """Keep the layout that these *turns* led to."""
        with self._lock:
            self._told[_key(share, turns)] = told
            while len(self._told) > _MOST:
                self._told.popitem(last=False)


def _key(share: str, turns: Sequence[Turn]) -> str:
    said = json.dumps([share, *([turn.role, turn.content] for turn in turns)])
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
