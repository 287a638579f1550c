"""What the passages of one document hold together of a question."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import AnalysedPassage
from services.index import K1, B
from services.retrieval.legs import Candidates


def whole(candidates: Candidates, stored: Mapping[int, AnalysedPassage]) -> NDArray[np.float64]:
    """Return for each candidate the BM25 share of the question that its document's candidates
    reach together, each term by the passage that has it best.

    Cutting a document into passages splits what belongs together; this puts it together again.
    """
    lengths = [one.text.length for one in candidates.counted.values()]
    mean = sum(lengths) / max(len(lengths), 1) or 1.0
    best: dict[str, dict[str, float]] = defaultdict(dict)
    for number, one in candidates.counted.items():
        damp = K1 * (1 - B + B * one.text.length / mean)
        held = best[stored[number].passage.document_id]
        for term in candidates.terms:
            often = one.text.often.get(term, 0) + (term in one.title.often)
            if often:
                held[term] = max(held.get(term, 0.0), often / (often + damp))
    worth = {t: weight * candidates.idf[t] for t, weight in candidates.terms.items()}
    total = sum(worth.values()) or 1.0
    reached = {d: sum(worth[t] * at for t, at in held.items()) / total for d, held in best.items()}
    return np.array(
        [reached[stored[n].passage.document_id] if n in stored else 0.0 for n in candidates.ids]
    )
