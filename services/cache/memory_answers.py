"""Answers kept in this process."""

import threading
from collections import OrderedDict

from typing_extensions import override

from services.cache import AnswerKey, AnswerStore


class MemoryAnswers(AnswerStore):
    """Keeps the *most* last used answers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[AnswerKey, bytes] = OrderedDict()
        self._lock = threading.Lock()

    @property
    @override
    def is_left_alone(self) -> bool:
        return False

    @override
    def find(self, key: AnswerKey) -> bytes | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    @override
    def keep(self, key: AnswerKey, value: bytes) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    @override
    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
