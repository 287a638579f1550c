"""The first passages, ordered again by a model that reads question and passage together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.domain.passages import Found, embedded_text
from services.engine import Reranker

# A cross-encoder gains little beyond the first thirty (bench/quality), and costs as much for each.
_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Reranking:
    """A reranker and the seconds that it may take of each question."""

    reranker: Reranker
    budget_s: float

    @property
    def depth(self) -> int:
        """How many passages it is given."""
        return _DEPTH

    def reranked(self, question: str, language: str, found: Sequence[Found]) -> list[Found]:
        """Return *found* with the passages that were scored in time in front, best first.

        Nothing changes where the model does not read *language*. A passage that was not scored
        in time keeps its place behind those that were: the budget is a promise to the one who
        asks.
        """
        if not self.reranker.card.reads(language):
            return list(found)
        texts = [
            embedded_text(one.passage.document_title, one.passage.headings, one.passage.text)
            for one in found[:_DEPTH]
        ]
        scores = self.reranker.scores(question, texts, self.budget_s)
        highest = found[0].score if found else 0.0
        scored = [
            replace(one, score=highest + score, scores={**one.scores, "rerank": round(score, 6)})
            for one, score in zip(found, scores, strict=False)
        ]
        return [*sorted(scored, key=lambda one: -one.score), *found[len(scored) :]]
