"""Answers as chat messages."""

from typing import Any

import pytest

from services.api.openai.replies import Reply, answer_reply, stopped

CITED = {"document_id": "d", "start": 3, "end": 9, "document_name": "a.md"}
TOLD: dict[str, Any] = {
    "answer": "It lasts six months. Then it ends.",
    "sentences": [
        {"text": "It lasts six months.", "start": 0, "end": 20, "citations": [1]},
        {"text": "Then it ends.", "start": 21, "end": 34, "citations": [2]},
    ],
    "citations": [{"number": 1, **CITED}, {"number": 2, **CITED}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "cached_tokens": 0},
    "answered": True,
    "trace_id": "t",
}


def places(reply: Reply) -> list[str]:
    spans: Any = [one["url_citation"] for one in reply.annotations]
    return [reply.text[one["start_index"] : one["end_index"]] for one in spans]


@pytest.mark.parametrize(
    ("stops", "text", "whole"),
    [
        ((), "It lasts six months.[1] Then it ends.[2]", 2),
        (("nowhere",), "It lasts six months.[1] Then it ends.[2]", 2),
        (("ends", "it"), "It lasts six months.[1] Then ", 1),
        (("six",), "It lasts ", 0),
        (("It",), "", 0),
        (("[2]",), "It lasts six months.[1] Then it ends.", 1),
    ],
)
def test_an_answer_ends_where_a_client_wants_it_to(
    stops: tuple[str, ...], text: str, whole: int
) -> None:
    reply = stopped(answer_reply(TOLD), stops)

    assert reply.text == text
    assert "".join(reply.pieces) == text
    assert len(reply.annotations) == whole
    assert all(place.strip().startswith(("It", "Then")) for place in places(reply))
