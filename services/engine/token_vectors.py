"""Token vectors as they are stored: four bits a number, half of what eight take, ranked as well
(docs/quality.md).
"""

import numpy as np
from numpy.typing import NDArray

# The largest number of a row becomes this.
_LARGEST = 7


def bytes_a_row(width: int) -> int:
    """Return how many bytes a packed row of *width* numbers has."""
    return (width + 1) // 2


def packed(rows: NDArray[np.int8]) -> bytes:
    """Return token vectors, shape (n, width), in `bytes_a_row` bytes each.

    Each number is a multiple of a seventh of its row's largest. The first half of a row lies in
    the low four bits, the second in the high ones. A row's length is not kept: all are of one.
    """
    largest = np.maximum(np.abs(rows.astype(np.float32)).max(axis=1, keepdims=True, initial=0.0), 1)
    small = np.rint(rows * (_LARGEST / largest)).astype(np.int8)
    half = bytes_a_row(rows.shape[1])
    high = np.zeros((len(rows), half), np.int8)
    high[:, : rows.shape[1] - half] = small[:, half:]
    both: NDArray[np.int8] = (small[:, :half] & 15) | (high << 4)
    return both.tobytes()


def unpacked(stored: bytes, width: int) -> NDArray[np.float32]:
    """Return the token vectors that `packed` made, shape (n, width), rows of unit length."""
    rows = _spread(stored, width)
    return rows[:, :width] / _lengths(rows)[:, np.newaxis]


def likeness(asked: NDArray[np.int8], stored: bytes) -> NDArray[np.float32]:
    """Return the cosine of each of the vectors *asked*, shape (n, width), of length 127, to each of
    the m that `packed` made: (n, m).
    """
    rows = _spread(stored, asked.shape[1])
    products = asked.astype(np.float32) @ rows[:, : asked.shape[1]].T
    # Fewer numbers than the rows have.
    products /= 127 * _lengths(rows)
    return products


def _spread(stored: bytes, width: int) -> NDArray[np.float32]:
    half = bytes_a_row(width)
    pairs = np.frombuffer(stored, np.int8).reshape(-1, half)
    rows = np.empty((len(pairs), 2 * half), np.float32)
    # Shifted down, a number of eight bits keeps its sign.
    rows[:, :half] = (pairs << 4) >> 4
    rows[:, half:] = pairs >> 4
    return rows


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.maximum(lengths, 1)
