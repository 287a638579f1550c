"""Answers and embeddings worth keeping.

A key can only be built from a Scope and the number of the registry's last change, so that what one
may not read, or what has changed since, cannot be found. What is kept may vanish at any moment.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What an answer is found again by; made by `of` alone."""

    digest: str

    @classmethod
    def of(cls, scope: Scope, change: int, asked: Mapping[str, object]) -> "AnswerKey":
        """Return the key of what is *asked* by whoever reads what *scope* reads, after *change*.

        The same question of two people who may read the same has the same key.
        """
        told = [sorted(scope.segments), change, asked]
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return cls(hashlib.sha256(text.encode()).hexdigest())


class AnswerStore(Protocol):
    """Keeps bytes by key for a while. Several threads may use it; none of it ever raises."""

    @property
    def is_left_alone(self) -> bool:
        """Say whether it has failed, and is not asked for a while."""
        ...

    def find(self, key: AnswerKey) -> bytes | None:
        """Return what was kept under *key*; None if it is not there, or not what was kept."""
        ...

    def keep(self, key: AnswerKey, value: bytes) -> None:
        """Keep *value* under *key*, as long as there is room for it."""
        ...

    def forget(self) -> None:
        """Let everything go: something that it was made from has been deleted."""
        ...
