"""The embedder that sentence-transformers runs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from services.engine import ModelCard, Vectors
from services.engine.threads import free_threads

_BATCH = 32


class SentenceTransformersEmbedder:
    """A sentence-transformers model from a local folder (safetensors only)."""

    def __init__(self, folder: Path, card: ModelCard, threads: int) -> None:
        self._threads = threads
        self._model = SentenceTransformer(
            str(folder),
            device="cuda" if torch.cuda.is_available() else "cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        self._lock = threading.Lock()
        # A tokenizer of our own: the model's one is switched to cutting and padding while it runs.
        self._counter = Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        self._counter.no_truncation()
        self._counter.no_padding()
        self._card = replace(
            card,
            dimension=self._model.get_embedding_dimension() or card.dimension,
            max_tokens=self._model.max_seq_length or card.max_tokens,
        )

    @property
    def card(self) -> ModelCard:
        """What is known of the model, its dimension and length read from it."""
        return self._card

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a question."""
        return self._embed(texts, self._model.encode_query)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a passage; batches are sorted by length."""
        return self._embed(texts, self._model.encode_document)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        encoded = self._counter.encode_batch(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]

    def _embed(self, texts: Sequence[str], encode: Callable[..., Vectors]) -> Vectors:
        if not texts:
            return np.zeros((0, self._card.dimension), np.float32)
        with self._lock, torch.inference_mode():
            torch.set_num_threads(free_threads(self._threads))
            vectors = encode(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)
