"""What the passages of one document hold together of a question."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import AnalysedPassage
from services.retrieval.legs import Candidates

# BM25's usual constants: how soon a repeated term adds nothing, and how much length counts.
_K1 = 1.2
_B = 0.75


def whole(candidates: Candidates, stored: Mapping[int, AnalysedPassage]) -> NDArray[np.float64]:
    """Return for each candidate the BM25 share of the question that its document's candidates
    reach together, each term by the passage that has it best.

    Cutting a document into passages splits what belongs together; this puts it together again.
    """
    counted = {n: Counter(one.body_terms.split()) for n, one in stored.items()}
    sizes = {n: counts.total() for n, counts in counted.items()}
    mean = sum(sizes.values()) / len(sizes) if sizes else 1.0
    best: dict[str, dict[str, float]] = defaultdict(dict)
    for number, one in stored.items():
        titled = set(one.title_terms.split())
        damp = _K1 * (1 - _B + _B * sizes[number] / mean)
        held = best[one.passage.document_id]
        for term in candidates.terms:
            often = counted[number][term] + (term in titled)
            if often:
                held[term] = max(held.get(term, 0.0), often / (often + damp))
    worth = {t: weight * candidates.idf[t] for t, weight in candidates.terms.items()}
    total = sum(worth.values()) or 1.0
    reached = {d: sum(worth[t] * at for t, at in held.items()) / total for d, held in best.items()}
    return np.array(
        [reached[stored[n].passage.document_id] if n in stored else 0.0 for n in candidates.ids]
    )
