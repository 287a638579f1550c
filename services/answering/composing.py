"""An answer put together from the sentences that answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from services.answering.evidence import FEATURES, Evidence
from services.answering.linear import Linear, load
from services.language.terms import content_terms

# A sentence of which so much has been said already adds nothing.
_SAID = 0.8


@dataclass(frozen=True, slots=True)
class Ranked:
    """A piece of evidence with the score that it answers the question."""

    evidence: Evidence
    score: float


@cache
def model(language: str) -> Linear:
    """Return the fitted weights of a language."""
    return load("evidence", language, FEATURES)


def ranked(evidence: Sequence[Evidence], language: str) -> list[Ranked]:
    """Return the evidence by falling score."""
    return ranked_by(evidence, model(language))


def ranked_by(evidence: Sequence[Evidence], fitted: Linear) -> list[Ranked]:
    """Return the evidence by falling score of *fitted*."""
    if not evidence:
        return []
    scores = fitted.score(np.array([one.features for one in evidence]))
    order = np.argsort(-scores, kind="stable")
    return [Ranked(evidence[i], float(scores[i])) for i in order]


def composed(
    best: Sequence[Ranked],
    limits: Mapping[str, float],
    language: str,
    said: Sequence[str] = (),
) -> list[Evidence]:
    """Return the sentences of an answer, best first, at most `most` of them.

    A sentence is taken if its probability (softmax over all) pays for its length: `price` for each
    word of English or character of Chinese. Where the best sentence's document holds `sure` of all
    probability, only that document speaks. `length` bounds the whole; *said* stands in the answer
    already.
    """
    chosen: list[Evidence] = []
    told = [frozenset(content_terms(text)) for text in said]
    length = sum(length_of(text, language) for text in said)
    for one, probability in _likely(best, limits["sure"]):
        if len(chosen) >= limits["most"]:
            break
        size = length_of(one.text, language)
        fits = not chosen or length + size <= limits["length"]
        pays = not chosen or probability >= limits["price"] * size
        if fits and pays and not _is_said(one, told):
            chosen.append(one)
            told.append(one.terms)
            length += size
    return chosen


def _likely(best: Sequence[Ranked], sure: float) -> list[tuple[Evidence, float]]:
    """Return evidence with its probability, of one document where that one is sure enough."""
    if not best:
        return []
    share = np.exp(np.array([one.score - best[0].score for one in best]))
    share /= share.sum()
    first = best[0].evidence.found.passage.document_id
    own = np.array([one.evidence.found.passage.document_id == first for one in best])
    only = share[own].sum() >= sure
    return [
        (one.evidence, float(p))
        for one, p, is_own in zip(best, share, own, strict=True)
        if is_own or not only
    ]


def length_of(text: str, language: str) -> int:
    """Return the length of a text as replies are measured: characters, or words."""
    return len(text) if language == "zh" else len(text.split())


def _is_said(evidence: Evidence, told: Sequence[frozenset[str]]) -> bool:
    terms = evidence.terms
    return any(terms and len(terms & one) / len(terms) >= _SAID for one in told)
