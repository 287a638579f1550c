"""Which sentences answer a question, and whether any does."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.answering.codes import of_asked_code
from services.answering.composing import (
    Ranked,
    model,
    of_asked_amount,
    ranked,
    table_of,
)
from services.answering.evidence import Evidence, Weigher
from services.answering.gate import Gate, Verdict
from services.answering.last_turn import of_last_turn
from services.answering.linear import Linear
from services.answering.statements import of_what_is_asked
from services.domain.answers import Question
from services.engine import Embedder
from services.retrieval import Retrieval

# So many of the best sentences are told in a trace.
_TOLD = 10


@dataclass(frozen=True, slots=True)
class Weighed:
    """One side of what was found, its sentences, those that answer best first, and the verdict."""

    side: Retrieval
    evidence: Sequence[Evidence]
    best: Sequence[Ranked]
    verdict: Verdict

    def told(self) -> dict[str, object]:
        """Return what a trace tells of it."""
        return {
            "answered_by": self.side.question,
            "gate": {
                "answerable": self.verdict.answerable,
                "score": round(self.verdict.score, 4),
            },
            "evidence": [
                {
                    "passage_id": one.evidence.found.passage.id,
                    "start": one.evidence.span.start,
                    "end": one.evidence.span.end,
                    "score": round(one.score, 4),
                }
                for one in self.best[:_TOLD]
            ],
        }


def _answers_by_row(one: Weighed) -> bool:
    return one.verdict.answerable and one.best[0].evidence.header is not None


def _is_of_same_table(one: Weighed, other: Weighed) -> bool:
    """Say whether both are answered by rows of one table: with the question before it a follow-up
    says of which row it speaks.
    """
    if not _answers_by_row(one):
        return False
    rows = one.best[0].evidence, other.best[0].evidence
    # Of a long table the caption stands above the first rows alone.
    return table_of(rows[0])[:2] == table_of(rows[1])[:2]


class Weighing:
    """Weighs every sentence of the passages that were found."""

    def __init__(self, embedder: Embedder) -> None:
        self._weigher = Weigher(embedder)
        self._gate = Gate(embedder.card)
        self._embedder = embedder.card.name

    def weighed(self, question: Question, retrieval: Retrieval, passages: int) -> Weighed:
        """Return the first side of *retrieval* of which the first *passages* answer; the last one
        in the question's own language if none does.
        """
        sides = retrieval.sides or (retrieval,)
        own = self._weighed(question, sides[0], passages)
        for side in sides[1:]:
            is_other = side.language != retrieval.language
            asks_of_row = bool(side.turn) and _answers_by_row(own)
            if (own.verdict.answerable and not asks_of_row) or (is_other and own.verdict.final):
                break
            tried = self._weighed(question, side, passages)
            if asks_of_row:
                return tried if _is_of_same_table(tried, own) else own
            if tried.verdict.answerable or not is_other:
                own = tried
        return own

    def choice(self, side: Retrieval) -> Linear:
        """Return the weights that choose among the sentences of a side."""
        return model(side.language, "" if side.embedded is None else self._embedder)

    def _weighed(self, question: Question, side: Retrieval, passages: int) -> Weighed:
        evidence = self._weigher.evidence(side, self._weigher.cut(side, passages))
        best = ranked(evidence, self.choice(side))
        if side.turn:
            best = of_last_turn(best, side)
        told = of_what_is_asked(best, side.turn or side.question, side.language)
        told = of_asked_code(told, question.text if side.turn else side.question)
        told = of_asked_amount(told, question.text, side.question)
        return Weighed(side, evidence, told, self._gate.judge(side, best, told))
