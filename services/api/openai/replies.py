"""An answer as a chat message: marks in its text, annotations, footnotes."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from services.engine import Step


@dataclass(frozen=True, slots=True)
class Reply:
    """What is told at the end of a completion; `pieces` is its text where none came before."""

    text: str
    finish_reason: str
    step: Step
    pieces: Sequence[str] = ()
    annotations: Sequence[Mapping[str, object]] = ()
    extras: Mapping[str, object] = field(default_factory=dict)


def answer_reply(told: Mapping[str, Any]) -> Reply:
    """Return an Answer as a chat message: each sentence with the numbers of its footnotes."""
    citations = {citation["number"]: citation for citation in told["citations"]}
    pieces: list[str] = []
    annotations: list[Mapping[str, object]] = []
    length, before = 0, 0
    for sentence in told["sentences"]:
        joint = told["answer"][before : sentence["start"]]
        marks = "".join(f"[{number}]" for number in sentence["citations"])
        piece = f"{joint}{sentence['text']}{marks}"
        start = length + len(joint)
        length += len(piece)
        before = sentence["end"]
        pieces.append(piece)
        annotations += [
            _annotation(citations[number], start, length) for number in sentence["citations"]
        ]
    if not pieces:
        pieces = [told["answer"]]
    usage = told["usage"]
    step = Step(
        prompt_tokens=usage["prompt_tokens"],
        completion_tokens=usage["completion_tokens"],
        cached_tokens=usage["cached_tokens"],
    )
    extras = {
        "footnotes": told["citations"],
        "answered": told["answered"],
        "trace_id": told["trace_id"],
    }
    return Reply("".join(pieces), "stop", step, pieces, annotations, extras)


def stopped(reply: Reply, stops: Sequence[str]) -> Reply:
    """Return *reply* as far as the first of *stops*, with the footnotes of what is left whole."""
    at = min((i for one in stops if (i := reply.text.find(one)) >= 0), default=len(reply.text))
    ends = list(itertools.accumulate(map(len, reply.pieces)))
    starts = [end - len(piece) for end, piece in zip(ends, reply.pieces, strict=True)]
    kept = [one for one in reply.annotations if one["url_citation"]["end_index"] <= at]  # type: ignore[index]
    return replace(
        reply,
        text=reply.text[:at],
        pieces=[
            piece[: at - start]
            for piece, start in zip(reply.pieces, starts, strict=True)
            if start < at
        ],
        annotations=kept,
    )


def _annotation(citation: Mapping[str, Any], start: int, end: int) -> Mapping[str, object]:
    """Return a footnote as OpenAI's clients know it; its address is a path of this service."""
    place = f"#document={quote(citation['document_id'])}&start={citation['start']}"
    return {
        "type": "url_citation",
        "url_citation": {
            "start_index": start,
            "end_index": end,
            "title": citation["document_name"],
            "url": f"/{place}&end={citation['end']}",
        },
    }
