"""The two legs of retrieval and the candidates that they find together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.domain.scope import Scope
from services.engine import Embedder
from services.index import VectorIndex, WordIndex
from services.language.normalize import language_of
from services.language.terms import content_terms, terms

# Deep enough that a passage which one leg ranks low can still win by the other.
CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the legs found: scores by passage id, and what they were asked.

    `dense` holds a score for every candidate where the embedder reads the language, and is empty
    where it does not; `lexical` holds those that the words found.
    """

    language: str
    terms: Mapping[str, float]
    lexical: Mapping[int, float]
    dense: Mapping[int, float]
    vector: NDArray[np.float32] | None

    def ids(self) -> list[int]:
        """Return every candidate once."""
        return list(dict.fromkeys([*self.lexical, *self.dense]))


class Legs:
    """Searches by words and, where the embedder reads the language, by meaning."""

    def __init__(self, embedder: Embedder, vectors: VectorIndex, words: WordIndex) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._words = words

    def search(self, text: str, scope: Scope) -> Candidates:
        """Return the candidates for a standalone question."""
        language = language_of(text)
        wanted = query_terms(text)
        hits = self._words.search(list(wanted.items()), scope, CANDIDATES) if wanted else []
        lexical = {hit.passage_id: hit.score for hit in hits}
        vector, dense = None, {}
        if self._embedder.card.reads(language):
            vector = self._embedder.embed_queries([text])[0]
            dense = self._dense(vector, list(lexical), scope)
        return Candidates(language, wanted, lexical, dense, vector)

    def frequencies(self, wanted: Sequence[str], scope: Scope) -> tuple[int, dict[str, int]]:
        """Return the number of passages in *scope*, and in how many of them each term stands."""
        return self._words.frequencies(wanted, scope)

    def _dense(
        self, vector: NDArray[np.float32], lexical: Sequence[int], scope: Scope
    ) -> dict[int, float]:
        found = {
            hit.passage_id: hit.score for hit in self._vectors.search(vector, scope, CANDIDATES)
        }
        others = [passage_id for passage_id in lexical if passage_id not in found]
        rows = self._vectors.vectors(others, scope)
        return found | {passage_id: float(row @ vector) for passage_id, row in rows.items()}


def query_terms(text: str) -> dict[str, float]:
    """Return the terms to look for with their weights; where only stop words were asked, those."""
    counted = Counter(content_terms(text)) or Counter(terms(text))
    return {term: float(count) for term, count in counted.items()}
