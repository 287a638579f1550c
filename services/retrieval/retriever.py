"""The one path from a question to passages."""

import math
import time

from services.domain.passages import Found
from services.domain.scope import Scope
from services.registry.collections import Collections
from services.registry.passages import Passages
from services.retrieval import Query, Retrieval
from services.retrieval.fusion import fuse
from services.retrieval.legs import Candidates, Legs
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
        ranked = fuse(candidates)
        best = list(ranked)[:limit]
        stored = self._passages.by_ids(scope, best)
        found = [
            Found(stored[passage_id], ranked[passage_id], _scores(candidates, passage_id))
            for passage_id in best
            # Deleted since it was indexed: the registry is the truth.
            if passage_id in stored
        ]
        trace = {
            "question": question,
            "language": candidates.language,
            "terms": list(candidates.terms),
            "legs": {"lexical": len(candidates.lexical), "dense": len(candidates.dense)},
            "milliseconds": round((time.perf_counter() - started) * 1000, 2),
        }
        return Retrieval(
            question=question,
            language=candidates.language,
            found=found,
            vector=candidates.vector,
            weights=self._weights(list(candidates.terms), scope),
            instructions=self._instructions(scope, found),
            trace=trace,
        )

    def _weights(self, wanted: list[str], scope: Scope) -> dict[str, float]:
        """Return the idf of each term in what *scope* holds, as BM25 has it."""
        total, often = self._legs.frequencies(wanted, scope)
        return {
            term: math.log(1 + (total - often[term] + 0.5) / (often[term] + 0.5))
            for term in wanted
        }

    def _instructions(self, scope: Scope, found: list[Found]) -> str:
        """Return the instructions of the collections that the passages come from."""
        used = {one.passage.collection_id for one in found}
        told = (one.instructions for one in self._collections.of_scope(scope) if one.id in used)
        return "\n".join(filter(None, told))


def _scores(candidates: Candidates, passage_id: int) -> dict[str, float]:
    legs = {"lexical": candidates.lexical, "dense": candidates.dense}
    return {
        name: round(scores[passage_id], 6) for name, scores in legs.items() if passage_id in scores
    }
