"""Batches of texts of like length."""

from hypothesis import given
from hypothesis import strategies as st

from services.engine.packing import packed

LENGTHS = st.lists(st.integers(1, 512), max_size=80)


@given(LENGTHS, st.integers(1, 2048))
def test_each_text_is_in_one_batch_within_the_budget_or_alone(
    lengths: list[int], budget: int
) -> None:
    batches = packed(lengths, budget)

    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= budget


@given(LENGTHS)
def test_little_is_filled_up(lengths: list[int]) -> None:
    for batch in packed(lengths, 1024):
        assert lengths[batch[-1]] <= 1.25 * lengths[batch[0]] + 4


def test_texts_of_like_length_come_together() -> None:
    assert packed([100, 10, 101, 11, 256], 1024) == [[1, 3], [0, 2], [4]]
    assert packed([128] * 20, 1024) == [[*range(8)], [*range(8, 16)], [*range(16, 20)]]
    assert packed([], 1024) == []
