"""A twin of the embedder for tests: words hashed into a vector, no model."""

import hashlib
from collections.abc import Sequence

import numpy as np

from services.engine import ModelCard, Vectors
from services.language.terms import content_terms


class MemoryEmbedder:
    """Texts that share words have like vectors. Deterministic and quick."""

    def __init__(self, dimension: int = 384, languages: Sequence[str] = ("en", "zh")) -> None:
        self._card = ModelCard(
            name="memory-embedder",
            kind="embedding",
            languages=frozenset(languages),
            bytes=0,
            memory_bytes=0,
            dimension=dimension,
            max_tokens=256,
        )

    @property
    def card(self) -> ModelCard:
        """What is known of it."""
        return self._card

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a question."""
        return self.embed_documents(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text."""
        vectors = np.full((len(texts), self._card.dimension), 1e-6, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in content_terms(text):
                digest = hashlib.blake2b(term.encode(), digest_size=8).digest()
                row[int.from_bytes(digest[:4], "little") % self._card.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count a token for every four bytes of UTF-8."""
        return [len(text.encode()) // 4 + 1 for text in texts]
