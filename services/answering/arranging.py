"""The chosen sentences of an answer as a reader wants them: steps from the first to the last, what
is begun before what follows, otherwise what answers best first.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from services.answering.composing import Ranked, length_of
from services.answering.evidence import Evidence
from services.answering.leads import as_said, asks, number_of_item
from services.answering.question_types import asks_for_all, asks_for_steps, asks_yes_or_no
from services.language.normalize import CJK
from services.language.terms import CHINESE_STOP_WORDS, content_terms, words

# What a part of a sentence ends with, where another follows.
_BEGUN = (";", "；", ",", "，", ":", "：")
# Steps may be so many times as long as other answers.
_STEPS = 3


def arranged(
    chosen: Sequence[Evidence],
    best: Sequence[Ranked],
    limits: Mapping[str, float],
    language: str,
    question: str,
) -> list[Evidence]:
    """Return *chosen* in the order in which it is told, with what belongs to it of *best*.

    Who asks for steps gets all of the numbered list that a step stands in, who asks for all things
    of a kind all rows that hold as much of the question, up to three times the `length` of an
    answer, which `most_length` bounds. A sentence that says no more than the *question* is told
    with the next one, the second half of one with the first.
    """
    held = {_place(one.evidence): one.evidence for one in best}
    whole = list(chosen)
    for one in chosen:
        before, behind = (held.get((one.found.passage.id, one.position + by)) for by in (-1, 1))
        if behind is not None and behind not in whole and _repeats(one, question):
            whole.insert(whole.index(one) + 1, behind)
        if before is not None and before not in whole and _goes_on_from(one, before):
            whole.insert(whole.index(one), before)
    if asks_for_steps(question):
        room = min(limits["length"] * _STEPS, limits["most_length"])
        if steps := _with_steps(whole, list(held.values()), room, language):
            return steps
    if asks_for_all(question):
        room = min(limits["length"] * _STEPS, limits["most_length"])
        whole = _with_rows(whole, best, room, language)
    return list(_in_order(whole))


def _with_rows(
    chosen: Sequence[Evidence], best: Sequence[Ranked], room: float, language: str
) -> list[Evidence]:
    """Return *chosen*, where a row stands first with all rows of its table that hold as much of the
    question, in their order, as many as there is *room* for.
    """
    first = chosen[0] if chosen else None
    if first is None or first.header is None:
        return list(chosen)
    document, table = first.found.passage.document_id, (first.header, first.lead)
    rows = [
        one.evidence
        for one in best
        if (one.evidence.header, one.evidence.lead) == table
        and one.evidence.found.passage.document_id == document
        and first.covers <= one.evidence.covers
    ]
    rows.sort(key=lambda one: (one.span.start, one.span.end))
    ends = itertools.accumulate(length_of(one.text, language) for one in rows)
    told = [one for one, end in zip(rows, ends, strict=True) if end <= room]
    return [*told, *(one for one in chosen if one not in rows)] if first in told else list(chosen)


def says_nothing_new(text: str, question: str) -> bool:
    """Say whether *text* only repeats *question*; to one for yes or no it is an answer."""
    return not asks_yes_or_no(question) and _said(text) <= _said(question)


def _repeats(one: Evidence, question: str) -> bool:
    """Say whether a sentence only repeats *question*; the number of a heading says no more."""
    is_heading = one.quote[-1:].isalnum()
    return says_nothing_new(as_said(one.quote) if is_heading else one.quote, question)


def _said(text: str) -> frozenset[str]:
    if not CJK.search(text):
        return frozenset(content_terms(text))
    # Pairs of characters, which terms hold too, differ with what stands beside them.
    return frozenset(word for word in words(text) if word not in CHINESE_STOP_WORDS)


def _goes_on_from(one: Evidence, before: Evidence) -> bool:
    """Say whether *one* is the second half of an English sentence that a semicolon parts; Chinese
    halves stand alone.
    """
    is_half = one.quote[:1].islower() and before.quote.rstrip().endswith(";")
    return is_half and _goes_on(before, one)


def _with_steps(
    chosen: Sequence[Evidence], known: Sequence[Evidence], room: float, language: str
) -> list[Evidence]:
    """Return the steps of the first list that one of *chosen* is of, as many as there is *room*
    for, behind a sentence that was chosen before it; nothing where there is none.
    """
    for at, one in enumerate(chosen):
        steps = _list_around(one, known)
        if len(steps) <= 1:
            continue
        ends = itertools.accumulate(length_of(step.text, language) for step in steps)
        told = [step for step, end in zip(steps, ends, strict=True) if end <= room]
        return [*chosen[: min(at, 1)], *told] if told else []
    return []


def _list_around(one: Evidence, known: Sequence[Evidence]) -> list[Evidence]:
    """Return the sentences of the numbered list that *one* stands in; none where there is none."""
    passage = one.found.passage.id
    own = sorted((o for o in known if o.found.passage.id == passage), key=lambda o: o.position)
    return next((run for run in _lists(own) if one in run), [])


def _lists(sentences: Sequence[Evidence]) -> Iterator[list[Evidence]]:
    """Yield the numbered lists among a passage's *sentences*."""
    run: list[Evidence] = []
    last = 0
    for one in sentences:
        number = number_of_item(one.quote)
        if run and (number == last + 1 or (number is None and _goes_on(run[-1], one))):
            run.append(one)
        else:
            yield run
            run = [] if number is None else [one]
        last = last if number is None else number
    yield run


def _goes_on(one: Evidence, other: Evidence) -> bool:
    """Say whether *other* stands in the same line as *one*."""
    passage = one.found.passage
    return "\n" not in passage.text[one.span.end - passage.start : other.span.start - passage.start]


def _in_order(chosen: Sequence[Evidence]) -> Iterator[Evidence]:
    """Yield items of a list, answers to one question, and parts of one sentence as they stand in
    the text.
    """
    left = list(chosen)
    while left:
        group = [left.pop(0)]
        while near := next((one for one in left if any(_belong(one, o) for o in group)), None):
            left.remove(near)
            group.append(near)
        yield from sorted(group, key=lambda one: one.position)


def _belong(one: Evidence, other: Evidence) -> bool:
    if one.found.passage.id != other.found.passage.id:
        return False
    if None not in (number_of_item(one.quote), number_of_item(other.quote)):
        return True
    first = min(one, other, key=lambda each: each.position)
    is_beside = abs(one.position - other.position) == 1
    answers_one = one.lead is not None and one.lead == other.lead and asks(one.lead)
    return answers_one or (is_beside and first.quote.rstrip().endswith(_BEGUN))


def _place(one: Evidence) -> tuple[int, int]:
    return one.found.passage.id, one.position
