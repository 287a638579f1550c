"""Rows and questions to search with: clusters, as texts about the same things make them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import IndexedPassage

_CLUSTERS = 4096
_AT_ONCE = 20_000
_SPREAD = 0.8


class Rows:
    """*count* vectors of unit length around 4,096 centres, made as they are asked for."""

    def __init__(self, count: int, dimension: int) -> None:
        self.count, self.dimension = count, dimension
        self._centres = _unit(np.random.default_rng(7).normal(size=(_CLUSTERS, dimension)))

    def parts(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the number of the first row, and rows (n, dimension)."""
        for start in range(0, self.count, _AT_ONCE):
            size = min(_AT_ONCE, self.count - start)
            yield start, self._around(np.random.default_rng([11, start]), size)

    def questions(self, count: int) -> NDArray[np.float32]:
        """Return vectors (count, dimension) that are no rows, around the same centres."""
        return self._around(np.random.default_rng([13, count]), count)

    def _around(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        chosen = self._centres[random.integers(0, _CLUSTERS, count)]
        noise = random.standard_normal((count, self.dimension), np.float32)
        return _unit(chosen + _SPREAD * noise / np.sqrt(self.dimension))


def passages(start: int, rows: NDArray[np.float32], collection: str) -> list[IndexedPassage]:
    """Return rows as passages, ten a document."""
    return [
        IndexedPassage(number, f"d{number // 10}", collection, row.tobytes(), "", "")
        for number, row in enumerate(rows, start)
    ]


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32)
