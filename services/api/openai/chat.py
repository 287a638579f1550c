"""Chat completions: answers with footnotes, or the bare generator, whole or as a stream."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from services.api.access import Asking
from services.api.admitted import Admitted, Told
from services.api.ask import admitted
from services.api.errors import error_response, status_of
from services.api.openai.models import meant_by
from services.api.openai.replies import Reply, answer_reply
from services.api.openai.schemas import ChatBody
from services.api.openai_errors import openai_error, openai_response
from services.api.schemas import AskBody, question_body
from services.api.state import InService, Service
from services.domain.errors import HouseError, InvalidRequestError
from services.domain.scope import Scope
from services.engine import Part, Prompt, Step
from services.engine.templates import TEMPLATES, chat_parts, question_parts

router = APIRouter(prefix="/v1/chat", tags=["openai"])
_MOST_TOKENS = 4096


@router.post("/completions", response_model=None)
async def complete(request: Request, service: InService, scope: Asking, body: ChatBody) -> Response:
    """Answer the last message of a conversation, as OpenAI's chat completions do."""
    meant = meant_by(body.model, scope)
    if meant.is_base:
        work = _bare(service, scope, body)
    else:
        work = admitted(service, scope, _asked(body, meant.collections))
    told = _Completion(service, body)
    if body.stream:
        return StreamingResponse(told.chunks(work), media_type="text/event-stream")
    last = await work.last(request)
    if isinstance(last, HouseError):
        return openai_response(error_response(last), last.code, str(last))
    return JSONResponse(told.whole(last))


def _asked(body: ChatBody, collections: list[str] | None) -> AskBody:
    """Return the conversation as a question: its last message, after the turns before it."""
    said = [message.turn for message in body.messages]
    talk = [turn for turn in said if turn.role in {"user", "assistant"} and turn.content.strip()]
    if not talk or talk[-1].role != "user":
        message = "messages: the last one must be a question of the user."
        raise InvalidRequestError(message)
    most = body.max_completion_tokens or body.max_tokens or 0
    return question_body(
        question=talk[-1].content,
        collections=collections,
        history=[{"role": turn.role, "content": turn.content} for turn in talk[:-1]],
        max_tokens=min(most, _MOST_TOKENS) or None,
        temperature=body.temperature or 0.0,
        top_p=body.top_p or 1.0,
        seed=None if body.seed is None else body.seed % 2**32,
    )


def _bare(service: Service, scope: Scope, body: ChatBody) -> Admitted:
    """Return the generator's own words after the messages, without any document."""
    service.take_question(scope.principal)
    generator = service.house.generator
    said = tuple(message.turn for message in body.messages)
    family = generator.card.template
    prompt = Prompt(
        (*chat_parts(family, said[:-1]), *question_parts(family, [Part(said[-1].content)])),
        TEMPLATES[family].end_marks,
        # Nobody shares what others have written here.
        share=f"base {scope.principal}",
        owner=scope.principal,
        turns=said,
    )
    sampling = body.sampling(service.settings.answer_tokens)
    sampling = replace(sampling, stop=(*sampling.stop, *prompt.stop))

    def steps(_waited_s: float, ended: Callable[[], bool]) -> Iterator[Told]:
        step, text = Step(), []
        for step in generator.generate(prompt, sampling, ended):
            if step.text:
                text.append(step.text)
                yield "delta", {"text": step.text}
        used = step.prompt_tokens + step.completion_tokens
        service.budgets.note("tokens", scope.principal, used)
        yield "reply", Reply("".join(text), step.finish or "stop", step)

    return Admitted(service, scope, service.settings.deadline_s, steps)


class _Completion:
    """One completion on the wire."""

    def __init__(self, service: Service, body: ChatBody) -> None:
        self._generator = service.house.generator
        self._body = body
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())

    def whole(self, last: tuple[str, object]) -> dict[str, object]:
        """Return the completion as one JSON value."""
        reply = self._reply(last)
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
        async for last in work.told():
            if isinstance(last, HouseError):
                error = openai_error(status_of(last), last)
                yield f"data: {json.dumps(error, ensure_ascii=False)}\n\n".encode()
                return
            if last[0] == "delta" and self._body.model == "footnote-base":
                yield self._chunk({"content": last[1]["text"]})  # type: ignore[index]
            elif last[0] in {"queued", "passages"}:
                yield b": still at work\n\n"
        assert not isinstance(last, HouseError)  # noqa: S101 - returned above
        reply = self._reply(last)
        for piece in reply.pieces:
            yield self._chunk({"content": piece})
        end = {"annotations": reply.annotations} if reply.annotations else {}
        yield self._chunk(end, reply.finish_reason, reply.extras)
        if self._body.wants_usage:
            frame = {**self._frame("chat.completion.chunk"), "choices": []}
            yield _data({**frame, "usage": self._usage(reply)})
        yield b"data: [DONE]\n\n"

    def _reply(self, last: tuple[str, object]) -> Reply:
        name, told = last
        if name == "answer":
            return answer_reply(told)  # type: ignore[arg-type]
        assert isinstance(told, Reply)  # noqa: S101 - the only other end of work
        return told

    def _usage(self, reply: Reply) -> dict[str, object]:
        """Return the tokens; counted here where the answer needed no generator."""
        prompt, completion = reply.step.prompt_tokens, reply.step.completion_tokens
        if not prompt:
            asked = "\n".join(message.text for message in self._body.messages)
            prompt = self._generator.count_tokens(asked)
        completion = completion or self._generator.count_tokens(reply.text)
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
