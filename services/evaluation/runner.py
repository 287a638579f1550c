"""Running a set against a service."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.domain.errors import HouseError
from services.evaluation.judging import Figures, Reply, curve, judged, quantiles, row_of
from services.evaluation.measures import ranking
from services.evaluation.placing import Service, Tell, place
from services.evaluation.sets import Asked, EvaluationSet

_PASSAGES = 30
_TELL_EVERY = 50
_TEXTS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Amount:
    """How many questions to search and to ask of each kind; None: all of them."""

    searched: int | None = None
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """One set on its way through a service: which collection each scope's documents are in."""

    service: Service
    wanted: EvaluationSet
    collections: Mapping[str, str]
    tell: Tell

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return what search and ask have in common."""
        return {
            "collections": [self.collections[asked.scope]],
            "history": list(asked.history),
        }


def run(
    service: Service,
    wanted: EvaluationSet,
    amount: Amount,
    tell: Tell,
    collection: str | None = None,
) -> dict[str, Any]:
    """Return the set's figures, its curve of refusal, and what became of each question.

    Its documents are added to collections of their own; with *collection* they are there already.
    """
    searched = [one for one in wanted.questions if one.relevant][: amount.searched]
    asked = _to_ask(wanted, amount.asked)
    needed = [*searched, *asked]
    if collection is None:
        collections = place(service, wanted, needed, tell)
    else:
        collections = {one.scope: collection for one in needed}
    one_run = _Run(service, wanted, collections, tell)
    figures, rows = _search(one_run, searched)
    replies = _ask(one_run, asked)
    figures |= judged(wanted, replies)
    return {
        "set": wanted.name,
        "documents": len(wanted.corpus) or len(wanted.files),
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "curve": curve(replies),
        "questions": rows,
        "answers": [row_of(one) for one in replies],
    }


def _to_ask(wanted: EvaluationSet, most: int | None) -> list[Asked]:
    """Return questions with an accepted answer, and those without one, *most* of each."""
    yes = [one for one in wanted.questions if one.answerable and one.answers][:most]
    no = [one for one in wanted.questions if not one.answerable][:most]
    return [*yes, *no]


def _search(one_run: _Run, asked: Sequence[Asked]) -> tuple[Figures, list[dict[str, Any]]]:
    found: dict[str, list[str]] = {}
    milliseconds = []
    for number, one in enumerate(asked, 1):
        body = {"query": one.text, "limit": _PASSAGES, **one_run.body(one)}
        began = time.perf_counter()
        told = one_run.service.call("POST", "/v1/search", json=body)
        milliseconds.append((time.perf_counter() - began) * 1000)
        found[one.id] = list(dict.fromkeys(map(one_run.wanted.key_of, told["passages"])))
        if number % _TELL_EVERY == 0:
            one_run.tell(f"{one_run.wanted.name}: {number} of {len(asked)} questions searched")
    if not asked:
        return {}, []
    rows = [
        {"id": one.id, **ranking({one.id: found[one.id]}, {one.id: one.relevant})} for one in asked
    ]
    figures = ranking(found, {one.id: one.relevant for one in asked})
    return {**figures, **quantiles("search_ms", milliseconds)}, rows


def _ask(one_run: _Run, asked: Sequence[Asked]) -> list[Reply]:
    text_of = lru_cache(_TEXTS_KEPT)(one_run.service.text)
    replies = []
    for number, one in enumerate(asked, 1):
        body = {"question": one.text, **one_run.body(one)}
        try:
            answer = one_run.service.call("POST", "/v1/ask", json=body)
            trace = one_run.service.call("GET", f"/v1/answers/{answer['id']}")["trace"]
        except HouseError as error:
            replies.append(Reply(one, {"error": str(error)}))
            continue
        exact = tuple(
            text_of(citation["document_id"])[citation["start"] : citation["end"]]
            == citation["quote"]
            for citation in answer["citations"]
        )
        replies.append(Reply(one, answer, trace.get("gate", {}).get("score"), exact))
        if number % _TELL_EVERY == 0:
            one_run.tell(f"{one_run.wanted.name}: {number} of {len(asked)} questions asked")
    return replies
