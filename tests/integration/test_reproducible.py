"""With a pool for each answer and without flash attention, logits depend on the text alone."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_weights import AS_FILED, EIGHT_BITS
from services.settings import Settings
from services.wiring import checked_model

TEXT = "The employees of the company have 23 days of paid leave a year, and those with children"


@pytest.fixture(scope="module", params=[EIGHT_BITS, AS_FILED])
def context(request: pytest.FixtureRequest) -> Iterator[LlamaContext]:
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    options = ContextOptions(
        cells=4 * 512,
        sequences=4,
        threads=1,
        unified=False,
        flash_attention=False,
        weights=request.param,
    )
    made = LlamaContext(folder / next(iter(source.files)), options)
    yield made
    made.close()


def read(context: LlamaContext, rows: list[Row]) -> list[NDArray[np.float32]]:
    """Return the logits after each of *rows*; what they hold from there on goes before."""
    for row in rows:
        context.remove(row.sequence, row.start)
    assert context.decode(rows) == 0
    ends = np.cumsum([len(row.tokens) for row in rows])
    return [context.logits(int(end) - 1).copy() for end in ends]


@pytest.mark.parametrize("size", [12, 17, 33, 100, 256, 300])
def test_a_prompt_gives_the_same_logits_whatever_is_at_hand_and_whoever_writes(
    context: LlamaContext, size: int
) -> None:
    """Else the same seed would give another text the second time, or beside other answers."""
    prompt = context.tokens(TEXT * 20, trusted=False)[:size]
    others = [Row(sequence, 0, prompt[:1], 1) for sequence in (1, 2, 3)]
    together = read(context, [Row(0, 0, prompt, 1)])[0]

    for last in [last for last in (2, 20, 63) if last < size]:
        read(context, [Row(0, 0, prompt[:-last], 1)])
        *_, at_end = read(context, [*others, Row(0, size - last, prompt[-last:], 1)])
        assert np.array_equal(at_end, together), last


def test_a_token_is_written_the_same_whoever_else_writes_or_reads(context: LlamaContext) -> None:
    tokens = context.tokens(TEXT * 20, trusted=False)[:300]
    rows = []
    for sequence, size in enumerate((40, 130, 256)):
        read(context, [Row(sequence, 0, tokens[:size], 1)])
        rows.append(Row(sequence, size, tokens[7:8], 1))

    alone = [read(context, [row])[0] for row in rows]
    together = read(context, [*rows, Row(3, 0, tokens[:40], 1)])

    for row, expected, found in zip(rows, alone, together[:3], strict=True):
        assert np.array_equal(found, expected), row.sequence
