"""The last so many values by key: what may be forgotten."""

import time
from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Holds *most* values, each for *life_s* seconds; the one that was put in first goes first."""

    def __init__(self, most: int, life_s: float = float("inf")) -> None:
        self._most = most
        self._life_s = life_s
        self._held: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def put(self, key: str, value: V) -> None:
        """Hold *value*, in place of the one before."""
        self._held[key] = (time.monotonic() + self._life_s, value)
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def get(self, key: str) -> V | None:
        """Return a value, if it is held."""
        until, value = self._held.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def pop(self, key: str) -> V | None:
        """Return a value, if it is held, and forget it."""
        value = self.get(key)
        self._held.pop(key, None)
        return value
