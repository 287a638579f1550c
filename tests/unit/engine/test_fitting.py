"""Which ways of attention may be chosen."""

import pytest

from services.engine.ledger import Memory, ModelShape, Wish, plan
from services.engine.llama_cpp_fitting import flash_ways
from services.settings import MIB

GIB = 1024 * MIB
SMOLLM2 = ModelShape(98_000_000, 30, 3, 64, 576, 49_152, 8192, heads=9)
HOST, GPU = Memory(24 * GIB), Memory(24 * GIB, 80 * GIB)


@pytest.mark.parametrize(
    ("wish", "memory", "ways"),
    [
        (Wish(16, 4096), HOST, (False,)),
        (Wish(16, 4096, pool="unified"), HOST, (True,)),
        (Wish(4, 8192, pool="split"), Memory(2 * GIB), (True,)),
        (Wish(16, 4096), GPU, (True, False)),
    ],
)
def test_flash_attention_is_left_off_on_a_cpu_with_pools_and_memory_for_it(
    wish: Wish, memory: Memory, ways: tuple[bool, ...]
) -> None:
    planned = plan(SMOLLM2, wish, memory)

    assert flash_ways("auto", SMOLLM2, planned, memory) == ways
    assert flash_ways("on", SMOLLM2, planned, memory) == (True,)
    assert flash_ways("off", SMOLLM2, planned, memory) == (False,)
