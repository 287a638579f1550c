"""Responses, the stateless part: the same answers as chat completions, in OpenAI's newer shape."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from services.api.access import Asking
from services.api.admitted import Admitted, Told
from services.api.checks import check_storable
from services.api.errors import error_response
from services.api.openai.models import BASE
from services.api.openai.replies import Reply
from services.api.openai.schemas import ChatBody, ResponsesBody
from services.api.openai.working import reply_of, tokens_of, work_for
from services.api.openai_errors import openai_response
from services.api.state import InService, Service
from services.api.streaming import EventStream
from services.domain.errors import HouseError, InvalidRequestError

router = APIRouter(prefix="/v1/responses", tags=["openai"])


@router.post("", response_model=None)
async def respond(
    request: Request, service: InService, scope: Asking, body: ResponsesBody
) -> Response:
    """Answer the input's last message, as OpenAI's responses do; nothing can be gone on from."""
    check_storable(body.model_dump(include={"text"}), "text.format")
    try:
        chat = body.as_chat()
    except ValidationError as error:
        raise InvalidRequestError(f"text.format: {error.errors()[0]['msg']}.") from error
    work = await service.counted(lambda: work_for(service, scope, chat))
    told = _Response(service, body, chat)
    if body.stream:
        return EventStream(told.events(work))
    last = await work.last(request)
    if isinstance(last, HouseError):
        return openai_response(error_response(last), last.code, str(last))
    return JSONResponse(told.whole(reply_of(last)))


class _Response:
    """One response on the wire."""

    def __init__(self, service: Service, body: ResponsesBody, chat: ChatBody) -> None:
        self._generator = service.house.generator
        self._body = body
        self._chat = chat
        self._id = f"resp_{secrets.token_hex(16)}"
        self._message_id = f"msg_{secrets.token_hex(16)}"
        self._created = int(time.time())
        self._sent = 0

    def whole(self, reply: Reply) -> dict[str, object]:
        """Return the response as one JSON value."""
        read, written = tokens_of(self._generator, self._chat, reply)
        usage = {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": reply.step.cached_tokens},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        }
        is_cut = reply.finish_reason == "length"
        status = "incomplete" if is_cut else "completed"
        reason = {"reason": "max_output_tokens"} if is_cut else None
        message = self._message(status, [self._text(reply)])
        told = self._frame(status, [message])
        return {**told, "incomplete_details": reason, "usage": usage, **reply.extras}

    async def events(self, work: Admitted) -> AsyncIterator[bytes]:
        """Yield the response in pieces. What was said cannot be taken back: answers from documents
        come sentence by sentence once they are checked.
        """
        begun = {"response": self._frame("in_progress", [])}
        yield self._event("response.created", begun)
        yield self._event("response.in_progress", begun)
        place = {"output_index": 0, "item_id": self._message_id, "content_index": 0}
        item = self._message("in_progress", [])
        yield self._event("response.output_item.added", {"output_index": 0, "item": item})
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield self._event("response.content_part.added", {**place, "part": empty})
        last: Told = HouseError("Nothing was said.")
        # An error is the last that is told. Who leaves the loop before its end has others close it.
        async for last in work.told():
            if isinstance(last, HouseError):
                continue
            if last[0] == "delta" and self._body.model == BASE:
                piece = last[1]["text"]  # type: ignore[index]
                yield self._delta(place, piece)
            elif last[0] in {"queued", "passages"}:
                yield b": still at work\n\n"
        if isinstance(last, HouseError):
            yield self._failed(last)
            return
        reply = reply_of(last)
        for piece in reply.pieces:
            yield self._delta(place, piece)
        for one in self._ending(place, reply):
            yield one

    def _ending(self, place: Mapping[str, object], reply: Reply) -> list[bytes]:
        whole: dict[str, Any] = self.whole(reply)
        part = self._text(reply)
        done = {**place, "text": reply.text, "logprobs": []}
        notes = [
            self._event(
                "response.output_text.annotation.added",
                {**place, "annotation_index": number, "annotation": annotation},
            )
            for number, annotation in enumerate(part["annotations"])
        ]
        item = {"output_index": 0, "item": whole["output"][0]}
        return [
            *notes,
            self._event("response.output_text.done", done),
            self._event("response.content_part.done", {**place, "part": part}),
            self._event("response.output_item.done", item),
            self._event(f"response.{whole['status']}", {"response": whole}),
        ]

    def _delta(self, place: Mapping[str, object], text: str) -> bytes:
        return self._event("response.output_text.delta", {**place, "delta": text, "logprobs": []})

    def _failed(self, error: HouseError) -> bytes:
        told = self._frame("failed", [])
        told["error"] = {"code": "server_error", "message": str(error)}
        return self._event("response.failed", {"response": told})

    @staticmethod
    def _text(reply: Reply) -> dict[str, Any]:
        annotations = [{"type": one["type"], **one[str(one["type"])]} for one in reply.annotations]  # type: ignore[dict-item]
        return {
            "type": "output_text",
            "text": reply.text,
            "annotations": annotations,
            "logprobs": [],
        }

    def _message(self, status: str, content: Sequence[Mapping[str, object]]) -> dict[str, object]:
        return {
            "id": self._message_id,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": list(content),
        }

    def _frame(self, status: str, output: Sequence[Mapping[str, object]]) -> dict[str, object]:
        wanted = self._body.text
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "model": self._body.model,
            "output": list(output),
            "error": None,
            "incomplete_details": None,
            "instructions": self._body.instructions,
            "metadata": {},
            "parallel_tool_calls": False,
            "temperature": self._body.temperature,
            "top_p": self._body.top_p,
            "max_output_tokens": self._body.max_output_tokens,
            "tool_choice": "none",
            "tools": [],
            "text": {"format": (wanted.format if wanted else None) or {"type": "text"}},
            "previous_response_id": None,
            "store": False,
            "usage": None,
        }

    def _event(self, kind: str, value: Mapping[str, object]) -> bytes:
        told = {"type": kind, "sequence_number": self._sent, **value}
        self._sent += 1
        return f"event: {kind}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
