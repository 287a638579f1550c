"""The two legs of retrieval and the candidates that they find together."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import AnalysedPassage
from services.domain.scope import Scope
from services.engine import Embedded, Embedder
from services.index import K1, TermStatistics, VectorIndex, WordIndex
from services.language.normalize import LANGUAGES, language_of
from services.language.terms import CHINESE_STOP_WORDS, stop_words, terms, without_asking
from services.retrieval.bm25 import Counted, counted, idf, scores

Stored = Mapping[int, AnalysedPassage]
Tokens = Mapping[int, tuple[bytes, int]]

# Deep enough that a passage which one leg ranks low can still win by the other.
CANDIDATES = 60
# Function words and those that only ask weigh a little: "the band Who", "how to", 怎么 and word
# order live in them. Left out, they cost 0.01 of nDCG@10 on dureader-zh, at full weight 0.005 on
# cmrc2018-zh.
_STOP_WEIGHT = 0.3
# In a handful of passages about one thing its own words are in all of them, and look worthless: a
# term is weighed as if there were at least so many passages.
FEWEST = 500
# What weighs less than this share of a question's rarest term does not decide who is a candidate:
# of a million passages the best ten stay the same, found in 2 ms instead of 9. `lexical` counts it.
_TELLING = 0.05
# What a term scores at most is its idf times this.
_BM25_MOST = K1 + 1
# Sums of 64-bit numbers differ by the order of adding only beyond these.
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the legs found, and what they were asked.

    `lexical` and `title` are BM25 as a share of the highest score that the question's terms could
    reach; `dense` is a cosine, empty where the embedder does not read the language. `idf` is of
    each term in what the asker may read, as if there were at least 500 passages; `content` are the
    terms that carry meaning. `counted` are the terms of those that are still there. The question's
    embedding took `embedding_s` seconds. `glossed` is the cosine of the question in another
    language to what the words of passages mean in that one.
    """

    language: str
    terms: Mapping[str, float]
    content: frozenset[str]
    idf: Mapping[str, float]
    question: Embedded | None
    embedding_s: float = 0.0
    ids: tuple[int, ...] = ()
    lexical: Mapping[int, float] = field(default_factory=dict)
    title: Mapping[int, float] = field(default_factory=dict)
    dense: Mapping[int, float] = field(default_factory=dict)
    counted: Mapping[int, Counted] = field(default_factory=dict)
    glossed: Mapping[int, float] = field(default_factory=dict)


class Legs:
    """Searches by words and, where the embedder reads the language, by meaning."""

    def __init__(self, embedder: Embedder, vectors: VectorIndex, words: WordIndex) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._words = words

    @property
    def words(self) -> WordIndex:
        """What is searched by words."""
        return self._words

    @property
    def reads_both(self) -> bool:
        """Whether the embedder reads Chinese and English: it finds each by the other."""
        return all(self.reads(language) for language in LANGUAGES)

    def reads(self, language: str) -> bool:
        """Say whether the embedder reads *language*; what it does not is found by words."""
        return self._embedder.card.reads(language)

    @property
    def embedder_name(self) -> str:
        """The name of the embedder whose vectors are searched."""
        return self._embedder.card.name

    def search(
        self,
        text: str,
        scope: Scope,
        read: Callable[[Sequence[int]], tuple[Stored, Tokens]],
        meaning: Embedded | None = None,
        most: int = CANDIDATES,
    ) -> tuple[Candidates, Stored, Tokens]:
        """Return the candidates for a standalone question, *most* by each leg, and what *read* says
        of their ids.

        *meaning* is the same question in the language that glossed passages are put into.
        """
        wanted = query_terms(text)
        asked = list(wanted.items())
        known = {field: self._words.statistics(wanted, scope, field) for field in ("body", "title")}
        bare = self._bare(text, wanted, known["body"])
        total = sum(one.passages for one in known["body"].values())
        often = {term: sum(one.often[term] for one in known["body"].values()) for term in wanted}
        hits = self._words.search(telling(asked, bare.idf), scope, most)
        found = [hit.passage_id for hit in hits]
        near, glossed = (
            self._near(one.vector, found, where, most) if one is not None else {}
            for one, where in ((bare.question, scope), (meaning, scope.glossed))
        )
        ids = tuple(dict.fromkeys([*found, *near, *glossed]))
        stored, tokens = read(ids)
        words = counted(stored, wanted)
        highest = (
            _BM25_MOST * sum(weight * idf(total, often[term]) for term, weight in asked) or 1.0
        )
        lexical, title = (
            {number: score / highest for number, score in scores(asked, one, words, field).items()}
            for field, one in known.items()
        )
        candidates = replace(
            bare, ids=ids, lexical=lexical, title=title, dense=near, counted=words, glossed=glossed
        )
        return candidates, stored, tokens

    def bare(self, text: str, scope: Scope) -> Candidates:
        """Return what is known of a question before anything is looked for: no candidates yet."""
        wanted = query_terms(text)
        return self._bare(text, wanted, self._words.statistics(wanted, scope, "body"))

    def _bare(
        self, text: str, wanted: Mapping[str, float], known: Mapping[str, TermStatistics]
    ) -> Candidates:
        language, question, embedding_s = language_of(text), None, 0.0
        if self.reads(language):
            began = time.perf_counter()
            question = self._embedder.embed_question(text)
            embedding_s = time.perf_counter() - began
        total = max(sum(one.passages for one in known.values()), FEWEST)
        often = {term: sum(one.often[term] for one in known.values()) for term in wanted}
        return Candidates(
            language=language,
            terms=wanted,
            content=frozenset(content_of(text)),
            idf={term: idf(total, count) for term, count in often.items()},
            question=question,
            embedding_s=embedding_s,
        )

    def _near(
        self, vector: NDArray[np.float32], others: Sequence[int], scope: Scope, most: int
    ) -> dict[int, float]:
        """Return the cosines of the nearest passages and of *others*."""
        near = [hit.passage_id for hit in self._vectors.search(vector, scope, most)]
        rows = self._vectors.vectors(list(dict.fromkeys([*near, *others])), scope)
        if not rows:
            return {}
        # The index rounds by where a row lies and how many ask at once: equal texts would be put
        # in an order of their own each time.
        cosines = np.stack(list(rows.values())).astype(np.float64) @ vector.astype(np.float64)
        return dict(zip(rows, np.round(cosines, _DIGITS).tolist(), strict=True))


def telling(
    asked: Sequence[tuple[str, float]], idf: Mapping[str, float]
) -> list[tuple[str, float]]:
    """Return the terms by which passages can be told apart: not the words of nearly all of them."""
    most = max((weight * idf[term] for term, weight in asked), default=0.0)
    return [(term, weight) for term, weight in asked if weight * idf[term] >= _TELLING * most]


def query_terms(text: str) -> dict[str, float]:
    """Return the terms to look for with their weights: those of a meaning of their own count
    fully, the others a little.
    """
    content = content_of(text)
    counted = Counter(terms(text)) | content
    return {
        term: count * (1.0 if term in content else _STOP_WEIGHT) for term, count in counted.items()
    }


def content_of(text: str) -> Counter[str]:
    """Return a question's terms that carry meaning, without the words that only ask."""
    stops = stop_words() | CHINESE_STOP_WORDS
    return Counter(term for term in terms(without_asking(text)) if term not in stops)
