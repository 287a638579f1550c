"""What a GGUF file says of its model, read by llama.cpp without loading a weight."""

from pathlib import Path

import llama_cpp

from services.engine.ledger import ModelShape
from services.engine.llama_cpp_context import load_model, metadata


def shape_of(file: Path) -> ModelShape:
    """Return the model's shape. ModelFileError if llama.cpp cannot read the file."""
    model = load_model(file, 0, only_header=True)
    try:
        family = metadata(model, "general.architecture")
        width = _number(model, f"{family}.embedding_length")
        heads = _number(model, f"{family}.attention.head_count") or 1
        vocabulary = llama_cpp.llama_model_get_vocab(model)
        return ModelShape(
            weights=file.stat().st_size,
            layers=_number(model, f"{family}.block_count"),
            kv_heads=_number(model, f"{family}.attention.head_count_kv") or heads,
            head_length=_number(model, f"{family}.attention.key_length") or width // heads,
            width=width,
            vocabulary=int(llama_cpp.llama_vocab_n_tokens(vocabulary)),
            trained_context=_number(model, f"{family}.context_length"),
            heads=heads,
            parameters=int(llama_cpp.llama_model_n_params(model)),
            file_type=_number(model, "general.file_type"),
        )
    finally:
        llama_cpp.llama_model_free(model)


def _number(model: object, key: str) -> int:
    text = metadata(model, key)
    return int(text) if text.isdigit() else 0
