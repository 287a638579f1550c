"""BM25 of a few passages by their own terms, and by what the keyword index knows of all."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

from services.domain.passages import AnalysedPassage
from services.index import K1, B, TermStatistics


@dataclass(frozen=True, slots=True)
class Terms:
    """How many terms a text has, and how often those stand in it that are asked for."""

    often: Mapping[str, int]
    length: int

    @classmethod
    def of(cls, joined: str, asked: frozenset[str]) -> "Terms":
        """Count terms that are joined by spaces."""
        words = joined.split()
        return cls({term: words.count(term) for term in asked.intersection(words)}, len(words))


@dataclass(frozen=True, slots=True)
class Counted:
    """The terms of a passage's title and headings, and those of its text."""

    segment: str
    title: Terms
    text: Terms


def counted(stored: Mapping[int, AnalysedPassage], asked: Iterable[str]) -> dict[int, Counted]:
    """Return the terms of passages, those that are *asked* for counted."""
    terms = frozenset(asked)
    titles = {
        joined: Terms.of(joined, terms) for joined in {o.title_terms for o in stored.values()}
    }
    return {
        number: Counted(
            one.passage.collection_id, titles[one.title_terms], Terms.of(one.body_terms, terms)
        )
        for number, one in stored.items()
    }


def idf(total: int, often: int) -> float:
    """Return the idf of a term in *often* of *total* passages, as BM25 has it."""
    return math.log(1 + (total - often + 0.5) / (often + 0.5))


def scores(
    asked: Sequence[tuple[str, float]],
    statistics: Mapping[str, TermStatistics],
    passages: Mapping[int, Counted],
    field: str,
) -> dict[int, float]:
    """Return the BM25 scores by *field* (`body`: title and text together, or `title` alone) for
    the weighted terms, of those of the passages in which one stands: the keyword index's own, as
    *statistics* are by segment.
    """
    worth = {
        segment: [
            (term, weight * (K1 + 1) * idf(known.passages, known.often[term]))
            for term, weight in asked
        ]
        for segment, known in statistics.items()
    }
    found = {}
    for number, one in passages.items():
        if one.segment not in worth:
            continue
        title, text = one.title, one.text if field == "body" else _NOTHING
        size = _rounded(title.length + text.length)
        damp = K1 * (1 - B + B * size / statistics[one.segment].mean_length)
        score = 0.0
        for term, most in worth[one.segment]:
            often = title.often.get(term, 0) + text.often.get(term, 0)
            if often:
                score += most * often / (often + damp)
        if score:
            found[number] = score
    return found


def _rounded(length: int) -> int:
    """Return a text's length as tantivy keeps it, in a byte."""
    return _LENGTHS[bisect_right(_LENGTHS, length) - 1]


def _lengths() -> Iterator[int]:
    yield from range(40)
    length = 40
    for power in count(1):
        for _ in range(8):
            yield length
            length += 1 << power


_NOTHING = Terms({}, 0)
_LENGTHS = list(islice(_lengths(), 256))
