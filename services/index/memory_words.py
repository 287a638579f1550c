"""A twin of the keyword index for tests: BM25 in a few lines, by the same formula as tantivy."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope
from services.index import K1, B, TermStatistics
from services.index.tantivy_words import TITLE_WEIGHT


class MemoryWordIndex:
    """Passages in a dictionary; every search looks at all of them."""

    def __init__(self) -> None:
        self._passages: dict[int, IndexedPassage] = {}

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add or replace passages."""
        self._passages |= {passage.passage_id: passage for passage in passages}

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove the passages of documents."""
        gone = set(documents)
        before = len(self._passages)
        self._passages = {
            passage_id: passage
            for passage_id, passage in self._passages.items()
            if (passage.document_id, passage.collection_id) not in gone
        }
        return before - len(self._passages)

    def renew(self, collection_id: str, passages: Iterable[Sequence[IndexedPassage]]) -> None:
        """Take a collection's passages anew."""
        self._passages = {
            number: passage
            for number, passage in self._passages.items()
            if passage.collection_id != collection_id
        }
        for batch in passages:
            self.add(batch)

    def search(self, terms: Sequence[tuple[str, float]], scope: Scope, limit: int) -> list[Hit]:
        """Return the best passages, each scored within its own collection."""
        hits = []
        for collection_id in scope.segments:
            body = self._scored(terms, collection_id, "body")
            title = self._scored(terms, collection_id, "title")
            hits += [Hit(number, body[number] + TITLE_WEIGHT * title[number]) for number in body]
        found = sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))
        return [hit for hit in found if hit.score > 0][:limit]

    def _scored(
        self, terms: Sequence[tuple[str, float]], collection_id: str, field: str
    ) -> dict[int, float]:
        theirs = [p for p in self._passages.values() if p.collection_id == collection_id]
        return _scores({p.passage_id: _words(p, field) for p in theirs}, terms)

    def statistics(
        self, terms: Iterable[str], scope: Scope, field: str
    ) -> dict[str, TermStatistics]:
        """Return what BM25 needs to know, by segment."""
        found = {}
        for segment in scope.segments:
            texts = [
                _words(p, field) for p in self._passages.values() if p.collection_id == segment
            ]
            if texts:
                often = {term: sum(term in words for words in texts) for term in set(terms)}
                found[segment] = TermStatistics(len(texts), _mean(texts), often)
        return found

    def count(self) -> int:
        """Return how many passages can be found."""
        return len(self._passages)

    def save(self, folder: Path) -> None:
        """Keep nothing: a twin lives in memory."""

    def load(self, folder: Path) -> None:
        """Load nothing: a twin lives in memory."""


def _words(passage: IndexedPassage, field: str) -> list[str]:
    title = passage.title_terms.split()
    return title if field == "title" else [*title, *passage.body_terms.split()]


def _mean(texts: Sequence[Sequence[str]]) -> float:
    return sum(map(len, texts)) / max(len(texts), 1) or 1.0


def _scores(texts: dict[int, list[str]], terms: Sequence[tuple[str, float]]) -> dict[int, float]:
    average = _mean(list(texts.values()))
    counted = {key: Counter(words) for key, words in texts.items()}
    scores = dict.fromkeys(texts, 0.0)
    for term, weight in terms:
        holding = [key for key, counts in counted.items() if term in counts]
        idf = math.log(1 + (len(texts) - len(holding) + 0.5) / (len(holding) + 0.5))
        for key in holding:
            often = counted[key][term]
            length = 1 - B + B * len(texts[key]) / average
            scores[key] += weight * idf * often * (K1 + 1) / (often + K1 * length)
    return scores
