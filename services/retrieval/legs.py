"""The two legs of retrieval and the candidates that they find together."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.domain.scope import Scope
from services.engine import Embedded, Embedder
from services.index import VectorIndex, WordIndex
from services.language.normalize import language_of
from services.language.terms import CHINESE_STOP_WORDS, stop_words, terms, without_asking

# Deep enough that a passage which one leg ranks low can still win by the other.
CANDIDATES = 60
# English function words weigh a little: "the band Who", "how to" and word order live in them.
# Chinese ones are left out, as are the pairs that they make with their neighbours' characters.
_STOP_WEIGHT = 0.3
# (k1 + 1) of BM25: what a term scores at most is its idf times this.
_BM25_MOST = 2.2


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the legs found, and what they were asked.

    `lexical` and `title` are BM25 as a share of the highest score that the question's terms could
    reach; `dense` is a cosine, empty where the embedder does not read the language. `idf` is of
    each term in what the asker may read.
    """

    language: str
    terms: Mapping[str, float]
    idf: Mapping[str, float]
    ids: tuple[int, ...]
    lexical: Mapping[int, float]
    title: Mapping[int, float]
    dense: Mapping[int, float]
    question: Embedded | None


class Legs:
    """Searches by words and, where the embedder reads the language, by meaning."""

    def __init__(self, embedder: Embedder, vectors: VectorIndex, words: WordIndex) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._words = words

    @property
    def embedder_name(self) -> str:
        """The name of the embedder whose vectors are searched."""
        return self._embedder.card.name

    def search(self, text: str, scope: Scope) -> Candidates:
        """Return the candidates for a standalone question."""
        language = language_of(text)
        wanted = query_terms(text, language)
        asked = list(wanted.items())
        idf = self._idf(wanted, scope)
        found = [hit.passage_id for hit in self._words.search(asked, scope, CANDIDATES)]
        question = None
        near: dict[int, float] = {}
        if self._embedder.card.reads(language):
            question = self._embedder.embed_question(text)
            near = self._near(question.vector, found, scope)
        ids = tuple(dict.fromkeys([*found, *near]))
        most = _BM25_MOST * sum(weight * idf[term] for term, weight in asked) or 1.0
        shares = [
            {number: score / most for number, score in scores.items()}
            for scores in (
                self._words.scores(asked, scope, ids, "body"),
                self._words.scores(asked, scope, ids, "title"),
            )
        ]
        return Candidates(language, wanted, idf, ids, shares[0], shares[1], near, question)

    def _near(
        self, vector: NDArray[np.float32], others: Sequence[int], scope: Scope
    ) -> dict[int, float]:
        """Return the nearest passages with their cosines, and the cosines of *others*."""
        found = {
            hit.passage_id: hit.score for hit in self._vectors.search(vector, scope, CANDIDATES)
        }
        missing = [number for number in others if number not in found]
        rows = self._vectors.vectors(missing, scope)
        return found | {number: float(row @ vector) for number, row in rows.items()}

    def _idf(self, wanted: Mapping[str, float], scope: Scope) -> dict[str, float]:
        """Return the idf of each term in what *scope* holds, as BM25 has it."""
        total, often = self._words.frequencies(wanted, scope)
        return {
            term: math.log(1 + (total - often[term] + 0.5) / (often[term] + 0.5)) for term in wanted
        }


def query_terms(text: str, language: str) -> dict[str, float]:
    """Return the terms to look for with their weights; where only stop words were asked, those."""
    counted = Counter(terms(without_asking(text))) or Counter(terms(text))
    stops = stop_words()
    weights = {
        term: count * (_STOP_WEIGHT if term in stops else 1.0)
        for term, count in counted.items()
        if term not in CHINESE_STOP_WORDS and (language != "zh" or term not in stops)
    }
    return weights or {term: float(count) for term, count in counted.items()}


def content_weights(candidates: Candidates) -> dict[str, float]:
    """Return the idf of the question's terms that carry meaning."""
    stops = stop_words()
    return {term: idf for term, idf in candidates.idf.items() if term not in stops}
