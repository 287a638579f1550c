"""Whether the passages hold an answer at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.answering.composing import Ranked
from services.answering.evidence import FEATURES as EVIDENCE
from services.answering.evidence import coverage
from services.answering.linear import Linear, load
from services.language.numbers import numbers
from services.language.terms import content_terms
from services.retrieval import Retrieval

FEATURES = (
    "best",
    "gap",
    "mass",
    "window",
    "passage",
    "words_window",
    "words_passage",
    "run",
    "late_best",
    "late_window",
    "late_passage",
    "late",
    "dense",
    "numbers_missing",
)
_AT = {name: i for i, name in enumerate(EVIDENCE)}
_WIDEST_GAP = 5.0
_LONG_WORD = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to answer, and the score behind it (higher: more surely answerable)."""

    answerable: bool
    score: float


@cache
def model(language: str) -> Linear:
    """Return the fitted gate of a language."""
    return load("gate", language, FEATURES)


def judge(retrieval: Retrieval, best: Sequence[Ranked]) -> Verdict:
    """Return whether the evidence answers the question."""
    if not best:
        return Verdict(answerable=False, score=-_WIDEST_GAP)
    fitted = model(retrieval.language)
    score = float(fitted.score(measured(retrieval, best).reshape(1, -1))[0])
    return Verdict(score >= fitted.settings["threshold"], score)


def measured(retrieval: Retrieval, best: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return the features of the gate, in the order of FEATURES.

    best, gap, mass: score of the best sentence, its lead over the best of another document, and
    the share of all probability that its document holds. window, passage: coverage of the question
    by the best sentence with its neighbours and title, and by its passage. words_…: the same over
    words of two and more characters. numbers_missing: share of the question's numbers that the
    best sentence does not have. Coverages are shares: the size of a collection is no matter.
    """
    first = best[0].evidence
    scores = np.array([one.score for one in best])
    share = np.exp(scores - scores.max())
    own = np.array(
        [one.evidence.found.passage.document_id == first.found.passage.document_id for one in best]
    )
    others = scores[~own]
    gap = min(_WIDEST_GAP, float(scores[0] - others.max())) if len(others) else _WIDEST_GAP
    words = {t: w for t, w in retrieval.weights.items() if len(t) >= _LONG_WORD}
    passage = frozenset(content_terms(first.found.passage.text)) | _title(best)
    window = first.terms | _neighbours(best) | _title(best)
    return np.array(
        [
            float(scores[0]),
            gap,
            float(share[own].sum() / share.sum()),
            float(first.features[_AT["cov_prev"]]),
            float(first.features[_AT["passage_cov"]]),
            coverage(words, window),
            coverage(words, passage),
            max(float(one.evidence.features[_AT["run"]]) for one in best[:3]),
            max(float(one.evidence.features[_AT["late"]]) for one in best),
            float(first.features[_AT["late_window"]]),
            float(first.features[_AT["late_passage"]]),
            max(float(one.scores.get("late", 0.0)) for one in retrieval.found),
            max(float(one.scores.get("dense", 0.0)) for one in retrieval.found),
            _numbers_missing(retrieval.question, first.quote),
        ]
    )


def _title(best: Sequence[Ranked]) -> frozenset[str]:
    passage = best[0].evidence.found.passage
    return frozenset(content_terms(" ".join((passage.document_title, *passage.headings))))


def _neighbours(best: Sequence[Ranked]) -> frozenset[str]:
    first = best[0].evidence
    beside = (
        one.evidence.terms
        for one in best
        if one.evidence.rank == first.rank and abs(one.evidence.position - first.position) == 1
    )
    return frozenset().union(*beside)


def _numbers_missing(question: str, quote: str) -> float:
    asked = numbers(question)
    return len(asked - numbers(quote)) / len(asked) if asked else 0.0
