"""Rows of vectors that can be searched, wherever they lie."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1 << 16


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

    def save(self, stem: Path, lock: AbstractContextManager[object]) -> None:
        """Write the rows, and what a search needs beside them, into files named *stem* with a
        suffix other than .ids and .json. Nobody changes rows meanwhile, but there are searches,
        and another thread may `tend`; *lock* is as there.
        """
        ...

    def load(self, stem: Path, count: int) -> None:
        """Start, empty, from what `save` wrote of *count* rows."""
        ...

    @property
    def is_saved(self) -> bool:
        """Say whether a start from what `save` last wrote is spared the longest work of `tend`."""
        ...

    def is_due(self) -> bool:
        """Say whether there is something for `tend` to do."""
        ...

    def tend(self, lock: AbstractContextManager[object]) -> None:
        """Keep searches fast, from another thread than the searching one: *lock* is what users
        hold, and must be taken around whatever they may not see half done.
        """
        ...


def rows_file(stem: Path) -> Path:
    """Return where rows are written: little-endian float32 numbers and nothing else."""
    return Path(f"{stem}.vectors")


def parts(matrix: Matrix) -> Iterator[NDArray[np.float32]]:
    """Yield copies of all rows in pieces (n, dimension)."""
    for start in range(0, matrix.count, _AT_ONCE):
        end = min(start + _AT_ONCE, matrix.count)
        yield matrix.rows(np.arange(start, end, dtype=np.int64))


def write_rows(matrix: Matrix, stem: Path) -> None:
    """Write all rows."""
    with rows_file(stem).open("wb") as opened:
        for part in parts(matrix):
            part.astype("<f4").tofile(opened)


def append_rows(matrix: Matrix, stem: Path, count: int) -> None:
    """Append *count* rows that `write_rows` wrote."""
    if count:
        rows = np.memmap(rows_file(stem), "<f4", "r").reshape(count, -1)
        for start in range(0, count, _AT_ONCE):
            matrix.append(rows[start : start + _AT_ONCE])
