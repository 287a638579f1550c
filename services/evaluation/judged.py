"""Questions that people judged, as rows of a file of questions, for a person to correct."""

from collections.abc import Mapping
from typing import Any

from services.evaluation.placing import Service
from services.language.normalize import language_of

_MOST = 200


def judged_questions(service: Service) -> list[dict[str, Any]]:
    """Return the last questions with a thumb, each once. A good answer's quotes stand as accepted
    answers, its sources as relevant; what a bad one should have been is left to be filled in.
    """
    told = service.call("GET", "/v1/answers", params={"judged": "true", "limit": _MOST})
    rows: dict[str, dict[str, Any]] = {}
    for one in told["answers"]:
        if one["question"] not in rows:
            record = service.call("GET", f"/v1/answers/{one['id']}")
            rows[one["question"]] = _row(record)
    return list(rows.values())


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    question, answer, feedback = record["question"], record["answer"], record["feedback"]
    is_good = feedback["thumb"] == "up"
    cited = answer["citations"] if is_good else []
    row = {
        "id": record["id"],
        "text": question["text"],
        "lang": language_of(question["text"]),
        "answers": [citation["quote"] for citation in cited],
        # A bad refusal should have been an answer, a good one not.
        "answerable": answer["answered"] or not is_good,
        "relevant": list(dict.fromkeys(one["source_id"] or one["document_name"] for one in cited)),
        "thumb": feedback["thumb"],
        "draft": True,
    }
    if question["history"]:
        row["history"] = question["history"]
    if feedback["note"]:
        row["note"] = feedback["note"]
    return row
