"""An answer put together from the sentences that answer."""

from collections.abc import Sequence
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
    if not evidence:
        return []
    scores = model(language).score(np.array([one.features for one in evidence]))
    order = np.argsort(-scores, kind="stable")
    return [Ranked(evidence[i], float(scores[i])) for i in order]


def composed(best: Sequence[Ranked], language: str, said: Sequence[str] = ()) -> list[Evidence]:
    """Return the sentences of an answer, best first: as many as come near the best one, add
    something, and fit into the length of a reply (words in English, characters in Chinese).

    *said* is what stands in the answer already. A sentence from another document must come nearer
    than one from the same: most questions are answered in one place.
    """
    limits = model(language).settings
    chosen: list[Evidence] = []
    told = [frozenset(content_terms(text)) for text in said]
    length = sum(length_of(text, language) for text in said)
    for one in best:
        if len(chosen) >= limits["most"]:
            break
        apart = best[0].score - one.score
        if one.evidence.found.passage.document_id != best[0].evidence.found.passage.document_id:
            apart += limits["other_document"]
        size = length_of(one.evidence.text, language)
        too_long = length + size > limits["length"]
        if apart > limits["margin"] or (too_long and chosen) or _is_said(one.evidence, told):
            continue
        chosen.append(one.evidence)
        told.append(one.evidence.terms)
        length += size
    return chosen


def length_of(text: str, language: str) -> int:
    """Return the length of a text as replies are measured: characters, or words."""
    return len(text) if language == "zh" else len(text.split())


def _is_said(evidence: Evidence, told: Sequence[frozenset[str]]) -> bool:
    terms = evidence.terms
    return any(terms and len(terms & one) / len(terms) >= _SAID for one in told)
