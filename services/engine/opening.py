"""Which library runs an embedder here."""

from pathlib import Path

from services.engine import Embedder, ModelCard
from services.engine.gpus import has_gpu
from services.engine.threads import FreeCores


def load_embedder(folder: Path, card: ModelCard, cores: FreeCores) -> Embedder:
    """Return the embedder in *folder*: by ONNX Runtime if it is a BERT and there is no GPU, else by
    sentence-transformers, which takes seconds to import.
    """
    if not has_gpu():
        from services.engine.onnx_bert import bert_shape
        from services.engine.onnx_products import best_products
        from services.engine.onnxruntime_embedder import OnnxruntimeEmbedder

        shape = bert_shape(folder)
        if shape is not None:
            return OnnxruntimeEmbedder(folder, shape, card, cores, best_products())
    from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(folder, card, cores)
