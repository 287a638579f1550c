"""A small model's weights as numbers that processors multiply fast.

llama.cpp multiplies Q4_1, which saves memory, value by value, and q8_0 in tiles. Rewriting takes
0.7 s of a core for 135 million weights. `docs/engine.md` has the figures, and why neither bf16 nor
f16 will do.
"""

import ctypes
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path

import llama_cpp

from services.domain.errors import EngineError
from services.engine.ledger import ModelShape
from services.engine.made_files import MadeFiles, identity

# As they lie in the file.
AS_FILED = "file"
# Blocks of 32 weights of 8 bits with a scale of 16: 8.5 bits a weight.
EIGHT_BITS = "q8_0"
_TYPES = {EIGHT_BITS: llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0}
_BITS = 8.5
# What llama.cpp multiplies value by value on a CPU; of the other packed types it has tiles.
_SLOW = {llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_1, llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_1}
# More takes too long at each start, and one text alone would wait for memory.
_MOST_BYTES = 1 << 30
_SHARE = 8


def ways(shape: ModelShape, free: int) -> tuple[str, ...]:
    """Return as what the weights may be held on a CPU with *free* bytes, the likeliest first."""
    fits = weight_bytes(shape, EIGHT_BITS) <= min(_MOST_BYTES, free // _SHARE)
    return (EIGHT_BITS, AS_FILED) if fits and shape.file_type in _SLOW else (AS_FILED,)


def weight_bytes(shape: ModelShape, way: str) -> int:
    """Return the memory that the weights take, held that *way*."""
    return shape.weights if way == AS_FILED else int(shape.parameters * _BITS / 8)


def rewritten(
    file: Path, way: str, threads: int, made: Path | None
) -> AbstractContextManager[Path]:
    """Yield a file with the weights of *file* held that *way*, kept in the folder *made*; what has
    mapped it keeps it.

    EngineError if llama.cpp cannot rewrite them, OSError if there is no place for it.
    """

    def make(target: Path) -> None:
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype, params.nthread = _TYPES[way], threads
        params.allow_requantize = True
        code = llama_cpp.llama_model_quantize(
            str(file).encode(), str(target).encode(), ctypes.byref(params)
        )
        if code != 0:
            message = f"The weights of {file.name} could not be held as {way}."
            raise EngineError(message)

    made_from = f"{identity([file])}|{_TYPES[way]}|{version('llama-cpp-python')}"
    return MadeFiles(made).opened("generator", made_from, make)
