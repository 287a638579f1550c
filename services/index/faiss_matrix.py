"""Rows in this machine's memory, searched exactly by FAISS."""

import faiss
import numpy as np
from numpy.typing import NDArray

_FIRST_CAPACITY = 256
# From so many questions at once on, a product of matrices is faster than a pass for each: 64 over
# 200,000 rows of 384 numbers take 0.6 s instead of 5, 4 the same (one core, AVX2). FAISS's own
# threshold, 128,000 numbers of questions, leaves batches of up to 333 to the passes.
_PRODUCT_FROM = 5


class HostMatrix:
    """Rows of *dimension* float32 numbers; appending doubles the room when it is used up."""

    def __init__(self, dimension: int) -> None:
        self._matrix = np.zeros((_FIRST_CAPACITY, dimension), np.float32)
        self._count = 0

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows at the end."""
        needed = self._count + len(rows)
        if needed > len(self._matrix):
            capacity = max(needed, 2 * len(self._matrix))
            matrix = np.zeros((capacity, self._matrix.shape[1]), np.float32)
            matrix[: self._count] = self._matrix[: self._count]
            self._matrix = matrix
        self._matrix[self._count : needed] = rows
        self._count = needed

    def put(self, row: int, vector: NDArray[np.float32]) -> None:
        """Write over a row."""
        self._matrix[row] = vector

    def fill(self, hole: int) -> None:
        """Move the last row into the hole."""
        last = self._count - 1
        self._matrix[hole] = self._matrix[last]
        # A deleted vector does not linger: text can be guessed from one.
        self._matrix[last] = 0
        self._count = last

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return copies of rows."""
        return self._matrix[numbers]

    def nearest(
        self, queries: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores and numbers of the nearest rows."""
        faiss.cvar.distance_compute_blas_threshold = _PRODUCT_FROM * queries.shape[1]
        return faiss.knn(
            queries,
            self._matrix[: self._count],
            min(limit, self._count),
            metric=faiss.METRIC_INNER_PRODUCT,
        )
