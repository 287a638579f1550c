"""Weights held as numbers that processors multiply fast, of the bundled model."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import llama_cpp
import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from services.engine import llama_cpp_weights
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_shape import shape_of
from services.engine.llama_cpp_weights import AS_FILED, EIGHT_BITS, ways, weight_bytes
from services.settings import Settings
from services.wiring import checked_model

TEXT = "The employees of the company have 23 days of paid leave a year, and those with children"
PLENTY = 1 << 40
OPTIONS = ContextOptions(cells=256, sequences=1, threads=1, unified=False, weights=EIGHT_BITS)


@pytest.fixture(scope="module")
def file() -> Path:
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    return folder / next(iter(source.files))


def chances(
    file: Path, wanted: Sequence[str], held: list[str] | None = None
) -> Iterator[NDArray[np.float64]]:
    """Yield the chances of every next token of TEXT, the weights held each of *wanted* in turn;
    *held* takes as what they really were.
    """
    with closing(LlamaContext(file, replace(OPTIONS, weights=wanted[0]))) as context:
        for way in wanted:
            context.reopen(replace(OPTIONS, weights=way))
            if held is not None:
                held.append(context.weights)
            tokens = context.tokens(TEXT, trusted=False)
            assert context.decode([Row(0, 0, tokens, len(tokens))]) == 0
            logits = np.stack([context.logits(at) for at in range(len(tokens))]).astype(np.float64)
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            yield powers / powers.sum(axis=1, keepdims=True)


def test_weights_held_in_eight_bits_are_as_exact_as_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(llama_cpp_weights._TYPES, "f32", llama_cpp.LLAMA_FTYPE_ALL_F32)
    open_files = len(list(Path("/proc/self/fd").iterdir()))

    exact, filed, eighths, again = chances(file, ["f32", AS_FILED, EIGHT_BITS, AS_FILED])

    assert np.array_equal(filed, again)
    # What the file's own products are off by is what the other way is measured with.
    off = [np.abs(one - exact).sum(axis=1).mean() / 2 for one in (filed, eighths)]
    assert 0 < off[1] < off[0] * 1.5
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files


def test_weights_that_cannot_be_rewritten_are_used_as_they_lie(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(llama_cpp_weights._TYPES, EIGHT_BITS, 10_000)

    held: list[str] = []
    with capture_logs() as told:
        filed, other = chances(file, [AS_FILED, EIGHT_BITS], held)

    assert np.array_equal(filed, other)
    assert held == [AS_FILED, AS_FILED]
    assert "could not be held as q8_0" in told[0]["reason"]


def test_rewritten_weights_are_kept_and_the_same(file: Path, tmp_path: Path) -> None:
    def logits() -> NDArray[np.float32]:
        with closing(LlamaContext(file, replace(OPTIONS, made=tmp_path))) as context:
            tokens = context.tokens(TEXT, trusted=False)
            assert context.decode([Row(0, 0, tokens, 1)]) == 0
            assert context.weights == EIGHT_BITS
            return context.logits(len(tokens) - 1).copy()

    first = logits()
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_ino

    assert np.array_equal(logits(), first)
    assert kept.stat().st_ino == written


def test_small_packed_weights_are_held_in_eight_bits_where_there_is_memory(file: Path) -> None:
    shape = shape_of(file)

    assert ways(shape, PLENTY) == (EIGHT_BITS, AS_FILED)
    held = weight_bytes(shape, EIGHT_BITS)
    assert weight_bytes(shape, AS_FILED) == file.stat().st_size < held
    assert ways(shape, held) == (AS_FILED,)
    assert ways(replace(shape, parameters=8_000_000_000), PLENTY) == (AS_FILED,)
    for fast in (llama_cpp.LLAMA_FTYPE_MOSTLY_F16, llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M):
        assert ways(replace(shape, file_type=fast), PLENTY) == (AS_FILED,)


def test_a_build_with_amx_does_without_its_tiles(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def loaded(path: bytes, params: llama_cpp.llama_model_params) -> object:
        asked.append(bool(params.use_extra_bufts))
        return load(path, params)

    load = llama_cpp.llama_model_load_from_file
    monkeypatch.setattr(llama_cpp, "llama_model_load_from_file", loaded)
    list(chances(file, [AS_FILED]))
    told = llama_cpp.llama_print_system_info()
    amx = told + b"AMX_INT8 = 1 | "
    monkeypatch.setattr(llama_cpp, "llama_print_system_info", lambda: amx)
    list(chances(file, [AS_FILED]))

    assert asked == [b"AMX_INT8" not in told, False]
