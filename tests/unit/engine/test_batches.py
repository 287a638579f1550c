"""What goes into one batch."""

import numpy as np
import pytest

from services.engine.batches import Row, apart, part


@pytest.mark.parametrize(
    ("pending", "chunk", "size"),
    [(100, 128, 100), (128, 128, 128), (129, 128, 127), (130, 128, 128), (1, 8, 1), (5, 1, 0)],
)
def test_no_part_of_a_prompt_is_one_token_alone(pending: int, chunk: int, size: int) -> None:
    assert part(pending, chunk) == size


def test_parts_of_prompts_are_read_apart_from_what_is_written() -> None:
    tokens = np.arange(40, dtype=np.int32)
    written = [Row(0, 9, tokens[:1], 1), Row(1, 7, tokens[:3], 3)]
    prompts = [Row(2, 0, tokens, 0), Row(3, 5, tokens[:2], 1)]

    assert apart([*written, *prompts]) == [written, prompts[:1], prompts[1:]]
    assert apart(written) == [written]
    assert apart(prompts[:1]) == [prompts[:1]]
