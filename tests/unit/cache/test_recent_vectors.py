"""Vectors of texts that come again are not made again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.cache.recent_vectors import RecentVectors


def test_each_text_is_embedded_once_and_the_longest_unused_is_let_go() -> None:
    made: list[str] = []

    def embed(texts: Sequence[str]) -> list[NDArray[np.float32]]:
        made.extend(texts)
        return [np.array([len(text)], dtype=np.float32) for text in texts]

    recent = RecentVectors(embed, most=2)

    assert [float(one[0]) for one in recent.of(["a", "bb", "a"])] == [1, 2, 1]
    recent.of(["a"])
    recent.of(["ccc"])
    recent.of(["a"])
    assert made == ["a", "bb", "ccc"]
    recent.of(["bb"])
    assert made == ["a", "bb", "ccc", "bb"]
