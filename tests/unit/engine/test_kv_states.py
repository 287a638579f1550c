"""A state of a context of some pools, for one of others; as llama.cpp writes them."""

import struct

import pytest

from services.engine.kv_states import refitted

CELLS = b"what the cells hold, of any length"


def state(pools: int, own: int | None, sequence: int = 0) -> bytes:
    """Return a state whose cells lie in the pool *own*."""
    head = struct.pack("<III", 2937339096, sequence, pools)
    parts = [struct.pack("<I", 7) + CELLS if at == own else bytes(4) for at in range(pools)]
    return head + b"".join(parts)


@pytest.mark.parametrize("own", [0, 2, 3])
@pytest.mark.parametrize("pools", [1, 3, 4, 9])
def test_the_same_cells_stand_among_as_many_pools_as_the_context_has(pools: int, own: int) -> None:
    given = state(4, own, sequence=own)

    found = refitted(given, state(pools, None))

    assert found == (given if pools == 4 else state(pools, 0))


def test_an_empty_state_stays_one() -> None:
    assert refitted(state(4, None), state(2, None)) == state(2, None)


@pytest.mark.parametrize(
    ("given", "empty"),
    [
        (b"a state of another kind", state(2, None)),
        (state(4, 1), b"an empty state of another kind"),
        (state(4, 1), state(2, 0)),
        (state(4, 1)[:8] + b"\xff" * 40, state(2, None)),
        (state(4, 1), state(2, None)[:8] + b"\xff" * 8),
        (b"", state(2, None)),
        (state(4, 1), b""),
    ],
)
def test_what_is_not_written_so_stays_as_it_is(given: bytes, empty: bytes) -> None:
    assert refitted(given, empty) == given
