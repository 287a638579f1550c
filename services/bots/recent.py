"""The last so many values by key: what a chat remembers and may forget."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Holds *most* values; the one that was put in first goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[str, V] = OrderedDict()

    def put(self, key: str, value: V) -> None:
        """Hold *value*, in place of the one before."""
        self._held[key] = value
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def get(self, key: str) -> V | None:
        """Return a value, if it is held."""
        return self._held.get(key)

    def pop(self, key: str) -> V | None:
        """Return a value, if it is held, and forget it."""
        return self._held.pop(key, None)
