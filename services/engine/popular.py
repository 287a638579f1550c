"""Beginnings of prompts that are asked for often: read when idle, so that the next one is ready."""

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from services.engine.prefix_tree import SHARE_JOINT, Tokens

# Rarer beginnings are not worth reading ahead.
_OFTEN = 3
_KEPT = 512


class Popular:
    """Counts beginnings by whose KV they share. Used under the scheduler's lock."""

    def __init__(self) -> None:
        self._uses: OrderedDict[tuple[str, bytes], int] = OrderedDict()

    def count(self, share: str, beginning: Tokens) -> None:
        """Note that a prompt might have begun so; the ones longest unused are forgotten."""
        key = (share, beginning.tobytes())
        self._uses[key] = self._uses.pop(key, 0) + 1
        while len(self._uses) > _KEPT:
            self._uses.popitem(last=False)

    def wanted(self, is_at_hand: Callable[[str, Tokens], bool]) -> tuple[str, Tokens] | None:
        """Return whose and what to read ahead: the most used beginning that is not at hand."""
        often = [(uses, key) for key, uses in self._uses.items() if uses >= _OFTEN]
        for _, (share, data) in sorted(often, key=lambda one: -one[0]):
            beginning = np.frombuffer(data, dtype=np.int32)
            if not is_at_hand(share, beginning):
                return share, beginning
        return None

    def forget(self, collection: str) -> None:
        """Forget the beginnings of askers of *collection*."""
        for key in [one for one in self._uses if collection in one[0].split(SHARE_JOINT)]:
            del self._uses[key]
