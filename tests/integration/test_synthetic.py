"""Models of real shape with random weights, for machines without weights."""

from pathlib import Path

import numpy as np

from bench.engine.synthetic import Shape, write
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_shape import shape_of


def test_a_synthetic_model_has_its_shape_and_can_be_run(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    write(Shape(layers=2, width=256, inner=512, heads=4, kv_heads=2), file)

    told = shape_of(file)
    context = LlamaContext(file, ContextOptions(cells=256, sequences=1, threads=1))
    code = context.decode([Row(0, 0, np.arange(100, 108, dtype=np.int32), 1)])
    logits = context.logits(7).copy()
    context.close()

    assert (told.layers, told.kv_heads, told.head_length, told.width) == (2, 2, 64, 256)
    assert code == 0
    assert np.isfinite(logits).all()
