"""Whether the passages hold an answer at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.answering.composing import Ranked
from services.retrieval import Retrieval

_FLOOR = {"en": 0.3, "zh": 0.3}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to answer, and how sure of it."""

    answerable: bool
    score: float


def judge(retrieval: Retrieval, best: Sequence[Ranked]) -> Verdict:
    """Return whether the evidence answers the question."""
    if not best:
        return Verdict(answerable=False, score=0.0)
    share = float(best[0].evidence.features[1])
    return Verdict(share >= _FLOOR.get(retrieval.language, 0.3), share)
