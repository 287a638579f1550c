"""Replies to figures."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.evaluation.measures import exact, holds, refusal_curve, supported, token_f1
from services.evaluation.sets import Asked, EvaluationSet

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one question; `score` is the gate's, None if its trace has none.

    `answer` is the Answer of the contract, or `{"error": ...}`. `exact` says of each citation
    whether its quote is that slice of its document's text.
    """

    asked: Asked
    answer: Mapping[str, Any]
    score: float | None = None
    exact: tuple[bool, ...] = ()

    @property
    def is_given(self) -> bool:
        """Say whether it is an answer and no refusal or error."""
        return bool(self.answer.get("answered"))


def judged(wanted: EvaluationSet, replies: Sequence[Reply]) -> Figures:
    """Return the figures of answers, citations and refusals; those without a case are left out."""
    good = [one for one in replies if "answered" in one.answer]
    yes = [one for one in good if one.asked.answerable]
    no = [one for one in good if not one.asked.answerable]
    given = [one for one in yes if one.is_given]
    figures: Figures = {"errors": float(len(replies) - len(good))} if replies else {}
    figures |= _answers([one for one in yes if one.asked.answers])
    if yes:
        figures["wrongly_refused"] = 1 - len(given) / len(yes)
        figures |= quantiles("answer_ms", [one.answer["timings_ms"]["total"] for one in yes])
    if no:
        figures["refused"] = statistics.mean(not one.is_given for one in no)
    return figures | _citations(wanted, given) | _support(given)


def curve(replies: Sequence[Reply]) -> list[dict[str, float]]:
    """Return the curve of refusal, empty where one kind of question is absent."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for one in replies:
        if one.score is not None:
            scores[one.asked.answerable].append(one.score)
    if not scores[True] or not scores[False]:
        return []
    return refusal_curve(scores[True], scores[False])


def quantiles(name: str, values: Sequence[float]) -> Figures:
    """Return the median and the 95th percentile of *values*."""
    ordered = sorted(values)
    return {
        f"{name}_p50": ordered[len(ordered) // 2],
        f"{name}_p95": ordered[int(len(ordered) * 0.95)],
    }


def row_of(reply: Reply) -> dict[str, Any]:
    """Return what a stored run keeps of one reply; `right` is what it is compared by."""
    asked = reply.asked
    right = holds(_said(reply), asked.answers) if asked.answerable else not reply.is_given
    return {
        "id": asked.id,
        "answerable": asked.answerable,
        "answered": reply.is_given,
        "right": float(right),
        "score": reply.score,
    }


def _answers(yes: Sequence[Reply]) -> Figures:
    if not yes:
        return {}
    said = [(_said(one), one.asked.answers) for one in yes]
    lengths = [len(_said(one).split()) for one in yes if one.is_given]
    letters = [len(_said(one)) for one in yes if one.is_given]
    figures = {
        "holds": statistics.mean(holds(*each) for each in said),
        "exact_match": statistics.mean(exact(*each) for each in said),
        "token_f1": statistics.mean(token_f1(*each) for each in said),
    }
    if lengths:
        figures |= {"words": statistics.mean(lengths), "characters": statistics.mean(letters)}
    return figures


def _citations(wanted: EvaluationSet, given: Sequence[Reply]) -> Figures:
    """A citation is right if its document is relevant and its quote supports a sentence."""
    judgeable = [one for one in given if one.asked.relevant]
    relevant = [
        [wanted.key_of(citation) in one.asked.relevant for citation in one.answer["citations"]]
        for one in judgeable
    ]
    right = [
        is_relevant and _supports(citation, one.answer["sentences"])
        for one, flags in zip(judgeable, relevant, strict=True)
        for citation, is_relevant in zip(one.answer["citations"], flags, strict=True)
    ]
    if not right:
        return {}
    return {
        "citation_precision": statistics.mean(right),
        "citation_recall": statistics.mean(any(flags) for flags in relevant),
    }


def _support(given: Sequence[Reply]) -> Figures:
    sentences = [
        supported(
            sentence["text"],
            [c["quote"] for c in one.answer["citations"] if c["number"] in sentence["citations"]],
        )
        for one in given
        for sentence in one.answer["sentences"]
    ]
    checked = Counter(flag for one in given for flag in one.exact)
    figures: Figures = {}
    if sentences:
        figures["faithfulness"] = statistics.mean(sentences)
    if checked:
        figures["quotes_exact"] = checked[True] / checked.total()
    return figures


def _supports(citation: Mapping[str, Any], sentences: Sequence[Mapping[str, Any]]) -> bool:
    citing = [one for one in sentences if citation["number"] in one["citations"]]
    return any(supported(one["text"], [citation["quote"]]) for one in citing)


def _said(reply: Reply) -> str:
    return str(reply.answer["answer"]) if reply.is_given else ""
