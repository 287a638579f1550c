"""The one path from a question to passages."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import Found, Passage
from services.domain.scope import Scope
from services.registry.collections import Collections
from services.registry.passages import Passages
from services.retrieval import Query, Retrieval
from services.retrieval.legs import Candidates, Legs, content_weights
from services.retrieval.scoring import features, ranked
from services.retrieval.standalone import standalone, views


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one view of a question found."""

    candidates: Candidates
    stored: Mapping[int, tuple[Passage, str]]
    tokens: Mapping[int, tuple[bytes, int]]
    measured: Mapping[str, NDArray[np.float64]]
    scores: Mapping[int, float]


class Retriever:
    """Finds the passages that a question needs."""

    def __init__(self, legs: Legs, passages: Passages, collections: Collections) -> None:
        self._legs = legs
        self._passages = passages
        self._collections = collections

    def search(self, query: Query, scope: Scope, limit: int) -> Retrieval:
        """Return up to *limit* passages of *scope*, best first.

        A question in a conversation is looked for in several views, whose scores add up.
        """
        started = time.perf_counter()
        seen = [
            (view.weight, self._look(view.text, scope)) for view in views(query.text, query.history)
        ]
        best = _summed(seen)[:limit]
        # Sentences are measured against the view that stands alone.
        question = standalone(query.text, query.history)
        main = seen[0][1] if question == query.text else seen[1][1]
        found = [
            Found(passage, score, _scores([view for _, view in seen], passage.id))
            for passage, score in best
        ]
        trace = {
            "question": question,
            "views": len(seen),
            "language": main.candidates.language,
            "terms": list(main.candidates.terms),
            "candidates": len(main.candidates.ids),
            "dense": main.candidates.question is not None,
            "milliseconds": round((time.perf_counter() - started) * 1000, 2),
        }
        tokens = {number: packed for _, view in seen for number, packed in view.tokens.items()}
        return Retrieval(
            question=question,
            language=main.candidates.language,
            found=found,
            embedded=main.candidates.question,
            tokens={p.id: tokens[p.id] for p, _ in best if p.id in tokens},
            idf=main.candidates.idf,
            weights=content_weights(main.candidates),
            instructions=self._instructions(scope, found),
            trace=trace,
        )

    def _look(self, text: str, scope: Scope) -> _Seen:
        candidates = self._legs.search(text, scope)
        # Deleted since it was indexed: the registry is the truth, and does not return it.
        stored = self._passages.with_terms(scope, candidates.ids)
        tokens = self._passages.token_vectors(scope, candidates.ids, self._legs.embedder_name)
        measured = features(text, candidates, stored, tokens)
        return _Seen(candidates, stored, tokens, measured, ranked(candidates, stored, measured))

    def _instructions(self, scope: Scope, found: list[Found]) -> str:
        """Return the instructions of the collections that the passages come from."""
        used = {one.passage.collection_id for one in found}
        told = (one.instructions for one in self._collections.of_scope(scope) if one.id in used)
        return "\n".join(filter(None, told))


def _summed(seen: Sequence[tuple[float, _Seen]]) -> list[tuple[Passage, float]]:
    """Return all passages by the weighted sum of their scores; a view that did not find one
    counts its lowest score for it.
    """
    passages = {number: one[0] for _, view in seen for number, one in view.stored.items()}
    floors = [min(view.scores.values(), default=0.0) for _, view in seen]
    sums = {
        number: sum(
            weight * view.scores.get(number, floor)
            for (weight, view), floor in zip(seen, floors, strict=True)
        )
        for number in passages
    }
    order = sorted(sums, key=lambda number: (-sums[number], number))
    return [(passages[number], sums[number]) for number in order]


def _scores(seen: Sequence[_Seen], number: int) -> dict[str, float]:
    """Return what the first view that found a passage says of it, feature by feature."""
    view = next(one for one in seen if number in one.scores)
    at = view.candidates.ids.index(number)
    return {name: round(float(row[at]), 6) for name, row in view.measured.items()}
