"""Rows of vectors that can be searched, wherever they lie."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class DeviceError(Exception):
    """A device has no room for more rows, or stopped answering. What it held may be lost."""


class Matrix(Protocol):
    """Vectors of one length in rows 0 to `count` - 1. One thread at a time uses it.

    Every method may raise DeviceError.
    """

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows (n, dimension) at the end."""
        ...

    def put(self, row: int, vector: NDArray[np.float32]) -> None:
        """Write over a row."""
        ...

    def fill(self, hole: int) -> None:
        """Move the last row into row *hole*, and leave nothing where it was."""
        ...

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return copies of rows (n, dimension)."""
        ...

    def nearest(
        self, queries: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the inner products (n, k) and numbers (n, k) of the k = min(*limit*, count) rows
        nearest to each of the *queries* (n, dimension), by falling inner product.
        """
        ...
