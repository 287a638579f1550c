"""Running a set against a service and counting."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from services.domain.errors import HouseError
from services.evaluation.measures import exact, holds, ranking, token_f1
from services.evaluation.sets import Asked, EvaluationSet

_LINES_A_FILE = 2000
_LOOK_S = 0.5
_PASSAGES = 30

Figures = dict[str, float]


class Service(Protocol):
    """What the runner needs of a client."""

    def call(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of one call."""
        ...

    def upload(
        self, path: Path, name: str, collection: str, source_id: str | None
    ) -> dict[str, Any]:
        """Upload a file."""
        ...

    def counts(self, **filters: str | None) -> dict[str, int]:
        """Return how many documents stand in each status."""
        ...


@dataclass(frozen=True, slots=True)
class Amount:
    """How many questions to search and to ask; None: all of them."""

    searched: int | None
    asked: int | None


def run(
    service: Service, wanted: EvaluationSet, amount: Amount, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Add the set to a collection of its own and return its figures, and those of each question."""
    collection = f"eval-{wanted.name}"
    _add(service, wanted, collection, tell)
    figures, rows = _search(service, wanted, collection, amount.searched)
    tell(f"{wanted.name}: {len(rows)} questions searched")
    replies = _ask(service, wanted, collection, amount.asked)
    tell(f"{wanted.name}: {len(replies)} questions asked")
    return {
        "set": wanted.name,
        "documents": len(wanted.corpus),
        "figures": {name: round(value, 4) for name, value in (figures | _judged(replies)).items()},
        "questions": rows,
    }


def _add(
    service: Service, wanted: EvaluationSet, collection: str, tell: Callable[[str], None]
) -> None:
    for start in range(0, len(wanted.corpus), _LINES_A_FILE):
        lines = [
            json.dumps({"id": row["id"], "title": row.get("title", ""), "text": row["text"]})
            for row in wanted.corpus[start : start + _LINES_A_FILE]
        ]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            file.write("\n".join(lines))
            file.flush()
            service.upload(Path(file.name), f"{wanted.name}.jsonl", collection, None)
    while True:
        counts = service.counts(collection=collection)
        left = counts["queued"] + counts["reading"] + counts["embedding"]
        if not left:
            return
        tell(f"{wanted.name}: {left} documents to go")
        time.sleep(_LOOK_S)


def _search(
    service: Service, wanted: EvaluationSet, collection: str, most: int | None
) -> tuple[Figures, list[dict[str, Any]]]:
    asked = [one for one in wanted.questions if one.relevant][:most]
    found: dict[str, list[str]] = {}
    seconds = []
    for one in asked:
        began = time.perf_counter()
        told = service.call(
            "POST",
            "/v1/search",
            json={
                "query": one.text,
                "collections": [collection],
                "limit": _PASSAGES,
                "history": list(one.history),
            },
        )
        seconds.append((time.perf_counter() - began) * 1000)
        found[one.id] = list(dict.fromkeys(p["source_id"] for p in told["passages"]))
    relevant = {one.id: one.relevant for one in asked}
    rows = [
        {"id": one.id, **ranking({one.id: found[one.id]}, {one.id: one.relevant})} for one in asked
    ]
    if not asked:
        return {}, rows
    return {**ranking(found, relevant), **_quantiles("search_ms", seconds)}, rows


def _ask(
    service: Service, wanted: EvaluationSet, collection: str, most: int | None
) -> list[tuple[Asked, dict[str, Any]]]:
    yes = [one for one in wanted.questions if one.answerable and one.answers][:most]
    no = [one for one in wanted.questions if not one.answerable][:most]
    replies = []
    for one in (*yes, *no):
        body = {
            "question": one.text,
            "collections": [collection],
            "history": list(one.history),
        }
        try:
            replies.append((one, service.call("POST", "/v1/ask", json=body)))
        except HouseError as error:
            replies.append((one, {"error": str(error)}))
    return replies


def _judged(replies: Sequence[tuple[Asked, Mapping[str, Any]]]) -> Figures:
    """Return the figures of answers, citations and refusals."""
    good = [(one, reply) for one, reply in replies if "answered" in reply]
    yes = [(one, reply) for one, reply in good if one.answerable]
    no = [reply for one, reply in good if not one.answerable]
    given = [(one, reply) for one, reply in yes if reply["answered"]]
    figures: Figures = {}
    if yes:
        said = [(reply["answer"] if reply["answered"] else "", one.answers) for one, reply in yes]
        figures |= {
            "holds": statistics.mean(holds(*each) for each in said),
            "exact_match": statistics.mean(exact(*each) for each in said),
            "token_f1": statistics.mean(token_f1(*each) for each in said),
            "wrongly_refused": 1 - len(given) / len(yes),
            **_quantiles("answer_ms", [reply["timings_ms"]["total"] for _, reply in yes]),
        }
    if no:
        figures["refused"] = statistics.mean(not reply["answered"] for reply in no)
    if given:
        cited = [
            [citation["source_id"] in one.relevant for citation in reply["citations"]]
            for one, reply in given
        ]
        figures["citation_precision"] = statistics.mean(each for one in cited for each in one)
        figures["citation_recall"] = statistics.mean(any(one) for one in cited)
    return figures


def _quantiles(name: str, values: Sequence[float]) -> Figures:
    ordered = sorted(values)
    return {
        f"{name}_p50": ordered[len(ordered) // 2],
        f"{name}_p95": ordered[int(len(ordered) * 0.95)],
    }
