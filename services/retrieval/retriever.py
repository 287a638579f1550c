"""The one path from a question to passages."""

import time

from services.domain.passages import Found
from services.domain.scope import Scope
from services.registry.collections import Collections
from services.registry.passages import Passages
from services.retrieval import Query, Retrieval
from services.retrieval.legs import Legs, content_weights
from services.retrieval.scoring import features, ranked
from services.retrieval.standalone import standalone


class Retriever:
    """Finds the passages that a question needs."""

    def __init__(self, legs: Legs, passages: Passages, collections: Collections) -> None:
        self._legs = legs
        self._passages = passages
        self._collections = collections

    def search(self, query: Query, scope: Scope, limit: int) -> Retrieval:
        """Return up to *limit* passages of *scope*, best first."""
        started = time.perf_counter()
        question = standalone(query.text, query.history)
        candidates = self._legs.search(question, scope)
        stored = self._passages.with_terms(scope, candidates.ids)
        tokens = self._passages.token_vectors(scope, candidates.ids)
        measured = features(question, candidates, stored, tokens)
        # Deleted since it was indexed: the registry is the truth, and does not return it.
        best = list(ranked(candidates, stored, measured).items())[:limit]
        at = {number: i for i, number in enumerate(candidates.ids)}
        found = [
            Found(
                stored[number][0],
                score,
                {name: round(float(row[at[number]]), 6) for name, row in measured.items()},
            )
            for number, score in best
        ]
        trace = {
            "question": question,
            "language": candidates.language,
            "terms": list(candidates.terms),
            "candidates": len(candidates.ids),
            "dense": candidates.question is not None,
            "milliseconds": round((time.perf_counter() - started) * 1000, 2),
        }
        return Retrieval(
            question=question,
            language=candidates.language,
            found=found,
            embedded=candidates.question,
            tokens={number: tokens[number] for number, _ in best if number in tokens},
            idf=candidates.idf,
            weights=content_weights(candidates),
            instructions=self._instructions(scope, found),
            trace=trace,
        )

    def _instructions(self, scope: Scope, found: list[Found]) -> str:
        """Return the instructions of the collections that the passages come from."""
        used = {one.passage.collection_id for one in found}
        told = (one.instructions for one in self._collections.of_scope(scope) if one.id in used)
        return "\n".join(filter(None, told))
