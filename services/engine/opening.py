"""Which library runs an embedder here."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from services.engine import Embedder, ModelCard
from services.engine.bert_shape import bert_shape
from services.engine.gpus import has_gpu
from services.engine.made_files import MadeFiles, identity
from services.engine.onnx_choice import Products, best_products
from services.engine.threads import FreeCores

if TYPE_CHECKING:
    from services.engine.onnxruntime_embedder import OnnxruntimeEmbedder

_HERE = Path(__file__).parent
# What a graph comes from, beside `onnx_*.py`.
_READS = ("bert_shape.py", "text_tokens.py", "token_projection.py")
# Whose releases may write another graph.
_LIBRARIES = ("onnx", "onnxruntime", "tokenizers")


def load_embedder(
    folder: Path, card: ModelCard, cores: FreeCores, made: Path | None = None
) -> Embedder:
    """Return the embedder in *folder*: by ONNX Runtime if it is a BERT and there is no GPU, else by
    sentence-transformers, which takes seconds to import. *made* is where its graph is kept.
    """
    if not has_gpu():
        bert = open_onnx(folder, card, cores, best_products(), made)
        if bert is not None:
            return bert
    from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(folder, card, cores)


def open_onnx(
    folder: Path, card: ModelCard, cores: FreeCores, products: Products, made: Path | None = None
) -> "OnnxruntimeEmbedder | None":
    """Return the BERT in *folder* with *products* of a kind, its graph kept in *made*; None where
    it is no BERT of which every part is known here.
    """
    shape = bert_shape(folder)
    if shape is None:
        return None
    from services.engine.onnxruntime_embedder import OnnxruntimeEmbedder

    def make(target: Path) -> None:
        from services.engine.onnx_writing import write_bert

        write_bert(target, folder, shape, products, card.name)

    made_from = f"{identity(folder.rglob('*'))}|{card.name}|{products}|{_writing()}"
    with MadeFiles(made).opened("embedder", made_from, make) as graph:
        return OnnxruntimeEmbedder(folder, graph, shape, card, cores)


def _writing() -> str:
    """Return what tells this way of writing graphs from those of other releases."""
    own = xxhash.xxh3_128()
    written_by = (*_HERE.glob("onnx_*.py"), *map(_HERE.joinpath, _READS))
    for file in sorted([*written_by, *_HERE.glob("projections/*.npy")]):
        own.update(file.read_bytes())
    return "|".join([own.hexdigest(), *(f"{one} {version(one)}" for one in _LIBRARIES)])
