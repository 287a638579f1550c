"""One ranking from two legs."""

from collections.abc import Mapping

import numpy as np

from services.retrieval.legs import Candidates

DENSE_WEIGHT = 0.5


def fuse(candidates: Candidates) -> dict[int, float]:
    """Return a score for each candidate, by falling score.

    Each leg's scores are brought to mean 0 and deviation 1 over the candidates of this question,
    so that a leg that is sure of few passages speaks louder than one that likes all alike. What
    the words did not find counts as their lowest score.
    """
    ids = candidates.ids()
    if not ids:
        return {}
    lexical = _standardised(candidates.lexical, ids)
    if candidates.dense:
        dense = _standardised(candidates.dense, ids)
        scores = DENSE_WEIGHT * dense + (1 - DENSE_WEIGHT) * lexical
    else:
        scores = lexical
    order = np.argsort(-scores, kind="stable")
    return {ids[i]: float(scores[i]) for i in order}


def _standardised(scores: Mapping[int, float], ids: list[int]) -> np.ndarray:
    floor = min(scores.values(), default=0.0)
    values = np.array([scores.get(passage_id, floor) for passage_id in ids])
    return (values - values.mean()) / (values.std() + 1e-6)
