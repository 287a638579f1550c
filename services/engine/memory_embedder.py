"""A twin of the embedder for tests: words hashed into a vector, no model."""

import hashlib
from collections.abc import Sequence

import numpy as np

from services.engine import Embedded, ModelCard
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

    def embed_question(self, text: str) -> Embedded:
        """Return a question."""
        return self.embed_passages([text])[0]

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Return one unit vector a text, and no tokens."""
        vectors = np.full((len(texts), self._card.dimension), 1e-6, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in content_terms(text):
                digest = hashlib.blake2b(term.encode(), digest_size=8).digest()
                row[int.from_bytes(digest[:4], "little") % self._card.dimension] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return [Embedded(row, np.zeros((0, 0), np.int8)) for row in vectors]

    def spans(self, _text: str) -> list[tuple[int, int]]:
        """Return nothing: there are no tokens."""
        return []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count a token for every four bytes of UTF-8."""
        return [len(text.encode()) // 4 + 1 for text in texts]
