"""Rows of vectors: in memory while few, in a mapped file when many."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

# From so many rows on (vectors of 384 numbers: 25 MB) they lie in a file.
MAPPED_FROM = 1 << 14
_FIRST_CAPACITY = 256

log = structlog.get_logger("index")


class RowStore:
    """Rows 0 to `count` - 1 of *dimension* float32 numbers.

    Many rows lie in a file of *folder* without a name, mapped into memory, so that the kernel may
    take their pages for something else; it vanishes with the process. Without a folder, or without
    room on the disk, they stay in memory.
    """

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        self.dimension = dimension
        self.count = 0
        self._folder = folder
        # Rows that were opened from a file, and those that came after them.
        self._opened: NDArray[np.float32] = np.zeros((0, dimension), np.float32)
        self._own: NDArray[np.float32] = np.zeros((0, dimension), np.float32)
        self._is_mapped = False
        self._file: int | None = None

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def open(self, path: Path, count: int) -> None:
        """Start, empty, from *count* rows in a file of little-endian numbers. Many stay in the
        file, which is not written to: changed pages are copies in memory.
        """
        if count < MAPPED_FROM:
            self.append(np.fromfile(path, "<f4").reshape(count, self.dimension))
        else:
            self._opened = np.asarray(np.memmap(path, "<f4", "c", shape=(count, self.dimension)))
            self.count = count

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows (n, dimension) at the end."""
        # Room that was left when rows of the file went is used first.
        old = min(len(rows), max(len(self._opened) - self.count, 0))
        self._opened[self.count : self.count + old] = rows[:old]
        start = self.count + old - len(self._opened)
        needed = start + len(rows) - old
        if needed > len(self._own):
            self._grow(start, max(needed, _FIRST_CAPACITY, len(self._own) * 3 // 2))
        self._own[start:needed] = rows[old:]
        self.count += len(rows)

    def put(self, row: int, vector: NDArray[np.float32]) -> None:
        """Write over a row."""
        here, at = self._place(row)
        here[at] = vector

    def fill(self, hole: int) -> None:
        """Move the last row into the hole."""
        here, at = self._place(self.count - 1)
        self.put(hole, here[at])
        # A deleted vector does not linger: text can be guessed from one.
        here[at] = 0
        self.count -= 1

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return copies of rows (n, dimension)."""
        opened = len(self._opened)
        if not opened:
            return self._own[numbers]
        found = np.empty((len(numbers), self.dimension), np.float32)
        is_old = numbers < opened
        found[is_old] = self._opened[numbers[is_old]]
        found[~is_old] = self._own[numbers[~is_old] - opened]
        return found

    def parts(self, start: int = 0) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the rows from *start* on in pieces: the number of the first, and a view of them."""
        count, opened = self.count, len(self._opened)
        if start < min(opened, count):
            yield start, self._opened[start:count]
        if max(start, opened) < count:
            first = max(start, opened)
            yield first, self._own[first - opened : count - opened]

    def _place(self, row: int) -> tuple[NDArray[np.float32], int]:
        opened = len(self._opened)
        return (self._opened, row) if row < opened else (self._own, row - opened)

    def _grow(self, used: int, capacity: int) -> None:
        """Give room for *capacity* rows, *used* of which are there."""
        if self._folder is not None and capacity >= MAPPED_FROM:
            mapped = self._mapped(self._folder, capacity)
            if mapped is not None:
                if not self._is_mapped:
                    mapped[:used] = self._own[:used]
                self._own, self._is_mapped = mapped, True
                return
        grown = np.zeros((capacity, self.dimension), np.float32)
        grown[:used] = self._own[:used]
        self._own, self._is_mapped = grown, False

    def _mapped(self, folder: Path, capacity: int) -> NDArray[np.float32] | None:
        """Return room in the file, with what is in it; None if the disk has not so much."""
        shape = (capacity, self.dimension)
        try:
            if self._file is None:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder) as file:
                    self._file = os.dup(file.fileno())
            # Taken now: a page that finds no room on the disk later would kill the process.
            os.posix_fallocate(self._file, 0, 4 * capacity * self.dimension)
            with os.fdopen(os.dup(self._file), "r+b") as file:
                # A plain array: what FAISS makes of torch's tensors knows no other kind.
                return np.asarray(np.memmap(file, np.float32, "r+", shape=shape))
        except OSError as error:
            log.warning("vectors stay in memory", reason=str(error))
            self._folder = None
            return None
