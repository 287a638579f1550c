"""Token vectors of four bits a number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.engine.token_vectors import bytes_a_row, likeness, packed, unpacked


def rows_of(seed: int, count: int, width: int) -> NDArray[np.int8]:
    drawn = np.random.default_rng(seed).standard_normal((count, width))
    scaled = np.rint(127 * drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
    rows: NDArray[np.int8] = scaled.astype(np.int8)
    return rows


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 200))
def test_packed_vectors_come_back_nearly_as_they_were(seed: int, count: int, width: int) -> None:
    rows = rows_of(seed, count, width)

    stored = packed(rows)
    back = unpacked(stored, width)

    assert len(stored) == count * bytes_a_row(width)
    assert back.shape == rows.shape
    assert np.linalg.norm(back, axis=1) == pytest.approx(1, abs=1e-5)
    # Half a step of a row's largest number, a step being a seventh of it.
    largest = np.abs(rows).max(axis=1, keepdims=True) / 127
    assert np.all(np.abs(back - rows / 127) <= largest / 7 + 0.01)


def test_numbers_of_both_signs_are_told_apart_in_both_halves() -> None:
    rows = np.array([[127, -127, 0, -18, 54]], np.int8)

    back = unpacked(packed(rows), 5) * 7

    assert np.sign(back).tolist() == np.sign(rows).tolist()
    assert back[0, 0] == -back[0, 1]
    assert back[0] / back[0, 0] == pytest.approx([1, -1, 0, -1 / 7, 3 / 7])


def test_cosines_of_the_width_in_use_hold_to_a_hundredth() -> None:
    rows = rows_of(7, 400, 128)
    back = unpacked(packed(rows), 128)
    straight = rows.astype(np.float32) / 127

    error = (straight @ back.T) - (straight @ straight.T)

    assert np.diag(straight @ back.T).min() > 0.98
    assert error[~np.eye(400, dtype=bool)].std() < 0.015


def test_likeness_is_the_cosine_to_what_was_packed() -> None:
    asked, rows = rows_of(1, 5, 33), rows_of(2, 40, 33)
    exact = asked.astype(np.float32) / 127 @ unpacked(packed(rows), 33).T

    assert likeness(asked, packed(rows)) == pytest.approx(exact, abs=1e-5)
    assert likeness(asked, b"").shape == (5, 0)


def test_no_rows_are_no_bytes() -> None:
    assert packed(np.zeros((0, 0), np.int8)) == b""
    assert unpacked(b"", 128).shape == (0, 128)


def test_a_row_of_nothing_stays_one() -> None:
    assert not unpacked(packed(np.zeros((2, 6), np.int8)), 6).any()
