"""What a follow-up asks for among the sentences that answer it with the question before it."""

from collections.abc import Sequence

from services.answering.composing import Ranked, table_of
from services.language.terms import content_terms
from services.retrieval import Retrieval
from services.retrieval.leaning import asks_of_one, names_another, telling_words

# Of what the sentence says that says most of it.
_ENOUGH = 0.5


def of_last_turn(best: Sequence[Ranked], side: Retrieval) -> list[Ranked]:
    """Return the evidence of what the last turn of *side* names.

    Rows that hold nothing of it are left out where others of their table do: after "from Wuhan to
    Changsha?", "and to Chengdu?" asks for one row. Where the turn does no more than name what it
    asks about now ("and during probation?", 那试用期多长？), so is every sentence that says much
    less of what is new in it, with what it stands under, than another does.
    """
    if names_another(side.turn) or asks_of_one(side.turn):
        best = _of_what_is_new(best, side)
    said = frozenset(content_terms(side.turn))
    rows = [one.evidence for one in best if one.evidence.header is not None]
    meant = {table_of(row) for row in rows if said & row.own_terms}
    return [
        one
        for one in best
        if one.evidence.header is None
        or table_of(one.evidence) not in meant
        or said & one.evidence.own_terms
    ]


def _of_what_is_new(best: Sequence[Ranked], side: Retrieval) -> Sequence[Ranked]:
    """Return the evidence that says most of the words that only the last turn has."""
    before = side.question.removesuffix(side.turn)
    words = telling_words(side.turn)
    # Those of English are stems already.
    new = words.union(content_terms(" ".join(words)))
    weights = {t: w for t, w in side.weights.items() if t in new.difference(content_terms(before))}
    shares = [sum(map(weights.__getitem__, weights.keys() & _held(one))) for one in best]
    most = max(shares, default=0.0)
    return [one for one, share in zip(best, shares, strict=True) if share >= _ENOUGH * most]


def _held(one: Ranked) -> frozenset[str]:
    above = " ".join(one.evidence.found.passage.headings)
    return one.evidence.terms.union(content_terms(above))
