"""`python -m bench.engine.synthetic 1B FILE`: a GGUF of a real model's shape with random weights.

For machines without weights: what a step costs depends on shapes and types, not on values. The
vocabulary and tokenizer are those of the bundled model; matrices are Q4_0, made of one random block
that repeats, so that a file of gigabytes is written in seconds.
"""

import functools
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import quantize
from numpy.typing import NDArray

from services.settings import Settings
from services.wiring import checked_model

_ROWS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """Layers, width, width of the feed-forward part, heads, KV heads."""

    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int


# Llama 3.2 1B and Llama 3.1 8B.
SHAPES = {"1B": Shape(16, 2048, 8192, 32, 8), "8B": Shape(32, 4096, 14_336, 32, 8)}


def write(shape: Shape, file: Path) -> None:
    """Write the model into *file*."""
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    bundled = GGUFReader(folder / next(iter(source.files)))
    writer = GGUFWriter(str(file), "llama")
    writer.add_context_length(8192)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500_000.0)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    tokens = _copy_tokenizer(bundled, writer)
    _add_tensors(writer, shape, tokens)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_tokenizer(bundled: GGUFReader, writer: GGUFWriter) -> int:
    """Copy the tokenizer's fields; return how many tokens there are."""
    count = 0
    for name, field in bundled.fields.items():
        if not name.startswith("tokenizer.") or name.endswith("chat_template"):
            continue
        value, kind = field.contents(), field.types[0]
        if name == "tokenizer.ggml.tokens":
            count = len(value)
        if kind == GGUFValueType.ARRAY:
            writer.add_array(name, value)
        else:
            writer.add_key_value(name, value, kind)
    return count


def _add_tensors(writer: GGUFWriter, shape: Shape, tokens: int) -> None:
    width, inner = shape.width, shape.inner
    narrow = width * shape.kv_heads // shape.heads
    _matrix(writer, "token_embd.weight", tokens, width)
    _matrix(writer, "output.weight", tokens, width)
    writer.add_tensor("output_norm.weight", np.ones(width, dtype=np.float32))
    for layer in range(shape.layers):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, dtype=np.float32))
        for name, rows, columns in (
            ("attn_q", width, width),
            ("attn_k", narrow, width),
            ("attn_v", narrow, width),
            ("attn_output", width, width),
            ("ffn_gate", inner, width),
            ("ffn_up", inner, width),
            ("ffn_down", width, inner),
        ):
            _matrix(writer, f"blk.{layer}.{name}.weight", rows, columns)


def _matrix(writer: GGUFWriter, name: str, rows: int, columns: int) -> None:
    block = _block(columns)
    repeated = np.tile(block, (-(-rows // _ROWS), 1))[:rows]
    writer.add_tensor(name, repeated, raw_dtype=GGMLQuantizationType.Q4_0)


@functools.lru_cache
def _block(columns: int) -> NDArray[np.uint8]:
    chance = np.random.default_rng(columns)
    values = chance.normal(0, 1 / np.sqrt(columns), (_ROWS, columns)).astype(np.float32)
    quantized: NDArray[np.uint8] = quantize(values, GGMLQuantizationType.Q4_0)
    return quantized


if __name__ == "__main__":
    write(SHAPES[sys.argv[1]], Path(sys.argv[2]))
