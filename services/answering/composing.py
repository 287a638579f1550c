"""An answer put together from the sentences that answer."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.answering.evidence import Evidence
from services.answering.linear import Linear, load
from services.answering.measures import FEATURES
from services.answering.names import in_units
from services.language.numbers import numbers
from services.language.ranges import Range, amounts, exactly, range_of
from services.language.table_rows import cells, is_row
from services.language.terms import content_terms

# A document that holds so much of all probability may be cited; where it holds as much or more,
# every document cited on the evaluation sets was a right one.
SURE = 0.9
# A row of a table is looked for in the documents of so many of the best sentences.
_FIRST = 3
# So much higher than the best by its words stands what is surely meant: the row of the very code or
# amount. Of what remains less is told beside it.
SURELY = 2.0
# A sentence of which so much has been said already adds nothing.
_SAID = 0.8


@dataclass(frozen=True, slots=True)
class Ranked:
    """A piece of evidence with the score that it answers the question."""

    evidence: Evidence
    score: float


@cache
def model(language: str, embedder: str = "") -> Linear:
    """Return the weights fitted for a language, and for *embedder* where it reads it."""
    return load("evidence", f"{language}/{embedder}" if embedder else language, FEATURES)


def ranked(evidence: Sequence[Evidence], fitted: Linear) -> list[Ranked]:
    """Return the evidence by falling score of *fitted*."""
    if not evidence:
        return []
    scores = fitted.score(np.array([one.features for one in evidence]))
    order = np.argsort(-scores, kind="stable")
    return [Ranked(evidence[i], float(scores[i])) for i in order]


def composed(
    best: Sequence[Ranked],
    limits: Mapping[str, float],
    language: str,
    said: Sequence[str] = (),
) -> list[Evidence]:
    """Return the sentences of an answer by falling gain, at most `most` of them.

    A sentence gains its probability (softmax over all, at `temperature`), and pays `price` for each
    word of English or character of Chinese, and `trust` times what the probability of its whole
    document lacks of SURE. What gains nothing is left out, but one sentence always stands. `length`
    bounds the whole; *said* stands in the answer already. Of a table's rows, those that hold only
    a part of the question's words that another holds are left out.
    """
    chosen: list[Evidence] = []
    told = [(frozenset(content_terms(text)), numbers(text)) for text in said]
    length = sum(length_of(text, language) for text in said)
    rows = [one.evidence for one in best if one.evidence.header is not None]
    for one, gain in _gains(best, limits, language):
        if len(chosen) >= limits["most"] or (chosen and gain <= 0):
            break
        size = length_of(one.text, language)
        fits = not chosen or length + size <= limits["length"]
        if fits and not _is_said(one, told) and not _is_lesser_row(one, rows):
            chosen.append(one)
            told.append((frozenset(content_terms(one.text)), numbers(one.text)))
            length += size
    return chosen


def of_asked_amount(best: Sequence[Ranked], said: str, question: str) -> list[Ranked]:
    """Return the evidence without rows whose range an amount of the question does not fall into
    (12年, 满20年及以上), where another of their table holds it; that row first, one of that very
    amount before others, if it is of a document that the first sentences are of. What a follow-up
    *said* itself goes before the whole *question*.
    """
    asked = amounts(said) or amounts(question)
    ranges = {id(one): _range(one.evidence, asked) for one in best} if asked else {}
    holding, tables = [], set()
    near = {one.evidence.found.passage.document_id for one in best[:_FIRST]}
    for one in best:
        reach = ranges.get(id(one))
        if one.evidence.found.passage.document_id not in near or reach is None:
            continue
        if reach.holds_any(asked):
            holding.append(one)
            tables.add((_place(one.evidence), reach.unit))
    if not holding:
        return list(best)
    exact = next((one for one in holding if _is_exact(ranges[id(one)])), holding[0])
    first = Ranked(exact.evidence, best[0].score + SURELY)
    others = [
        one
        for one in best
        if one is not exact
        and (
            (reach := ranges[id(one)]) is None
            or one in holding
            or (_place(one.evidence), reach.unit) not in tables
        )
    ]
    return [first, *others]


def _range(evidence: Evidence, asked: Collection[str]) -> Range | None:
    """Return the range that a cell of a row names in one of the units *asked* about: the first
    cell's, or the only other one's; the first cell's in any other unit where there is none.
    """
    if not is_row(evidence.quote):
        return None
    name, *values = in_units(evidence.quote, evidence.header)
    first, *others = range_of(name) or exactly(name), *map(range_of, values)
    told = [one for one in others if one is not None and one.unit in asked]
    if (first is not None and first.unit in asked) or len(told) != 1:
        return first
    return told[0]


def _is_exact(reach: Range | None) -> bool:
    return reach is not None and reach.least == reach.most


def _place(evidence: Evidence) -> tuple[str, tuple[str, ...]]:
    return evidence.found.passage.document_id, evidence.found.passage.headings


def table_of(row: Evidence) -> tuple[str, tuple[str, ...], str]:
    """Return what tells the table that *row* stands in from others."""
    return row.found.passage.document_id, tuple(cells(row.header or "")), row.lead or ""


def probabilities(best: Sequence[Ranked], temperature: float) -> NDArray[np.float64]:
    """Return the probability of each to be the one that answers: a softmax at *temperature*."""
    if not best:
        return np.zeros(0)
    raw = np.exp(np.array([one.score - best[0].score for one in best]) / temperature)
    shares: NDArray[np.float64] = raw / raw.sum()
    return shares


def _gains(
    best: Sequence[Ranked], limits: Mapping[str, float], language: str
) -> list[tuple[Evidence, float]]:
    """Return evidence with what it gains, the greatest gain first."""
    share = probabilities(best, limits["temperature"])
    of_document: dict[str, float] = defaultdict(float)
    for one, probability in zip(best, share, strict=True):
        of_document[one.evidence.found.passage.document_id] += float(probability)
    gains = [
        float(probability)
        - limits["price"] * length_of(one.evidence.text, language)
        - limits["trust"] * max(0.0, SURE - of_document[one.evidence.found.passage.document_id])
        for one, probability in zip(best, share, strict=True)
    ]
    order = sorted(range(len(best)), key=lambda i: -gains[i])
    return [(best[i].evidence, gains[i]) for i in order]


def length_of(text: str, language: str) -> int:
    """Return the length of a text as replies are measured: characters, or words."""
    return len(text) if language == "zh" else len(text.split())


def _is_said(evidence: Evidence, told: Sequence[tuple[frozenset[str], frozenset[str]]]) -> bool:
    """Say whether nearly all of a sentence stands in the answer, with each of its numbers, and all
    of what it is told with (Basic plan: …).
    """
    terms, held = frozenset(content_terms(evidence.text)), numbers(evidence.text)
    subject = frozenset(content_terms(evidence.text.removesuffix(evidence.said)))
    return any(
        terms and len(terms & one) / len(terms) >= _SAID and subject <= one and held <= its_numbers
        for one, its_numbers in told
    )


def _is_lesser_row(evidence: Evidence, rows: Sequence[Evidence]) -> bool:
    """Say whether a row holds only a part of what another of its table holds of the question."""
    return any(
        evidence.header is not None
        and table_of(evidence) == table_of(one)
        and evidence.covers < one.covers
        for one in rows
    )
