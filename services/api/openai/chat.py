"""Chat completions: answers with footnotes, or the bare generator, whole or as a stream."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.api.access import Asking
from services.api.admitted import Admitted, Told
from services.api.errors import error_response, status_of
from services.api.openai.models import BASE
from services.api.openai.replies import Reply
from services.api.openai.schemas import ChatBody
from services.api.openai.working import reply_of, tokens_of, work_for
from services.api.openai_errors import openai_error, openai_response
from services.api.state import InService, Service
from services.api.streaming import EventStream
from services.domain.errors import HouseError

router = APIRouter(prefix="/v1/chat", tags=["openai"])


@router.post("/completions", response_model=None)
async def complete(request: Request, service: InService, scope: Asking, body: ChatBody) -> Response:
    """Answer the last message of a conversation, as OpenAI's chat completions do."""
    work = await service.counted(lambda: work_for(service, scope, body))
    told = _Completion(service, body)
    if body.stream:
        return EventStream(told.chunks(work))
    last = await work.last(request)
    if isinstance(last, HouseError):
        return openai_response(error_response(last), last.code, str(last))
    return JSONResponse(told.whole(last))


class _Completion:
    """One completion on the wire."""

    def __init__(self, service: Service, body: ChatBody) -> None:
        self._generator = service.house.generator
        self._body = body
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())

    def whole(self, last: tuple[str, object]) -> dict[str, object]:
        """Return the completion as one JSON value."""
        reply = reply_of(last, self._body.stops)
        message = {"role": "assistant", "content": reply.text, "refusal": None}
        if reply.annotations:
            message["annotations"] = reply.annotations  # type: ignore[assignment]
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": reply.finish_reason,
            "logprobs": None,
        }
        return {
            **self._frame("chat.completion"),
            "choices": [choice],
            "usage": self._usage(reply),
            **reply.extras,
        }

    async def chunks(self, work: Admitted) -> AsyncIterator[bytes]:
        """Yield the completion in pieces, and `[DONE]`.

        Answers from documents come when they are checked, sentence by sentence: what was said
        cannot be taken back. The bare generator's words come as they are written.
        """
        yield self._chunk({"role": "assistant", "content": ""})
        last: Told = HouseError("Nothing was said.")
        # An error is the last that is told. Who leaves the loop before its end has others close it.
        async for last in work.told():
            if isinstance(last, HouseError):
                continue
            if last[0] == "delta" and self._body.model == BASE:
                yield self._chunk({"content": last[1]["text"]})  # type: ignore[index]
            elif last[0] in {"queued", "passages"}:
                yield b": still at work\n\n"
        if isinstance(last, HouseError):
            yield _data(openai_error(status_of(last), last))
            return
        reply = reply_of(last, self._body.stops)
        for piece in reply.pieces:
            yield self._chunk({"content": piece})
        end = {"annotations": reply.annotations} if reply.annotations else {}
        yield self._chunk(end, reply.finish_reason, reply.extras)
        if self._body.wants_usage:
            frame = {**self._frame("chat.completion.chunk"), "choices": []}
            yield _data({**frame, "usage": self._usage(reply)})
        yield b"data: [DONE]\n\n"

    def _usage(self, reply: Reply) -> dict[str, object]:
        prompt, completion = tokens_of(self._generator, self._body, reply)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": reply.step.cached_tokens},
        }

    def _frame(self, kind: str) -> dict[str, object]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._body.model,
            "system_fingerprint": None,
        }

    def _chunk(
        self,
        delta: Mapping[str, object],
        finish: str | None = None,
        extras: Mapping[str, object] | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        frame = {**self._frame("chat.completion.chunk"), "choices": [choice]}
        if self._body.wants_usage:
            frame["usage"] = None
        return _data({**frame, **(extras or {})})


def _data(value: Mapping[str, object]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
