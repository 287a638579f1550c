"""What a model needs, and what fits."""

import pytest

from services.engine.ledger import Memory, ModelShape, Wish, kv_token_bytes, plan
from services.settings import MIB

GIB = 1024 * MIB
LLAMA_8B = ModelShape(4_900_000_000, 32, 8, 128, 4096, 128_256, 131_072, heads=32)
SMOLLM2 = ModelShape(98_000_000, 30, 3, 64, 576, 49_152, 8192, heads=9)


def test_the_kv_of_a_token_is_what_llama_cpp_takes() -> None:
    # Published: 128 KiB a token for Llama 3.1 8B in half precision.
    assert kv_token_bytes(LLAMA_8B, "f16") == 128 * 1024
    assert kv_token_bytes(LLAMA_8B, "q8_0") == 68 * 1024


def test_all_layers_go_to_a_gpu_that_holds_them_and_some_to_one_that_does_not() -> None:
    wish = Wish(answers=16, window=8192)

    large = plan(LLAMA_8B, wish, Memory(64 * GIB, 80 * GIB))
    small = plan(LLAMA_8B, wish, Memory(64 * GIB, 4 * GIB))

    assert large.gpu_layers == 33
    assert large.unified
    assert 0 < small.gpu_layers < 33
    assert small.kv + small.compute + small.weights * small.gpu_layers // 33 < 4 * GIB


def test_each_answer_has_its_own_pool_on_a_cpu_with_room_and_one_is_shared_without() -> None:
    wish = Wish(answers=16, window=4096)

    roomy = plan(SMOLLM2, wish, Memory(24 * GIB))
    tight = plan(SMOLLM2, wish, Memory(1 * GIB))

    assert (roomy.unified, roomy.sequences, roomy.gpu_layers) == (False, 20, 0)
    assert roomy.cells == 20 * 4096
    assert tight.unified
    assert tight.kv < 1 * GIB


def test_what_is_set_is_kept() -> None:
    told = plan(SMOLLM2, Wish(4, 2048, kv_tokens=10_000, pool="unified"), Memory(24 * GIB))

    assert (told.cells, told.unified, told.window) == (10_000, True, 2048)


@pytest.mark.parametrize("pool", ["auto", "unified", "split"])
def test_one_answer_always_has_its_window(pool: str) -> None:
    told = plan(LLAMA_8B, Wish(16, 4096, pool=pool), Memory(100 * MIB))

    assert told.cells >= 4096


def test_without_flash_attention_the_scores_of_the_window_need_room() -> None:
    with_scores = plan(SMOLLM2, Wish(16, 4096, flash=False), Memory(24 * GIB))
    without = plan(SMOLLM2, Wish(16, 4096), Memory(24 * GIB))

    # 512 tokens with 4,096, nine heads, four bytes each, twice.
    assert with_scores.compute - without.compute == 144 * MIB
    assert with_scores.total - without.total == 144 * MIB
