"""Ask: an answer with footnotes, whole or as a stream."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TypeAlias

import anyio
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from services.answering import AnswerEvent, DeltaEvent, PassagesEvent
from services.api import metrics
from services.api.access import Asking
from services.api.checks import check_length
from services.api.errors import error_body, error_response
from services.api.records import keep
from services.api.schemas import AskBody, answer_out, passage_out, turns
from services.api.state import InService, Service
from services.api.streaming import CancelFlag, event, stepped
from services.domain.answers import Question
from services.domain.errors import (
    CancelledError,
    DeadlineError,
    HouseError,
    NotReadyError,
    StorageFullError,
    TooLargeError,
)
from services.domain.scope import Scope
from services.language.normalize import remove_invisible

router = APIRouter(prefix="/v1", tags=["asking"])
log = structlog.get_logger("ask")

# What a question yields on its way: events by name, or the error that ended it.
Told: TypeAlias = tuple[str, object] | HouseError
_LOOK_S = 0.25
_MOST_HISTORY = 50


@router.post("/ask", response_model=None)
async def ask(request: Request, service: InService, scope: Asking, body: AskBody) -> Response:
    """Answer a question from the documents that the asking key may read."""
    service.refuse_if_draining()
    service.admission.refuse_if_full(scope.principal)
    service.budgets.check("tokens", scope.principal)
    service.budgets.spend("questions", scope.principal)
    asked = _Asked(service, scope.narrowed(body.collections), _question(service, body))
    if body.stream:
        return StreamingResponse(asked.stream(), media_type="text/event-stream")
    return await asked.whole(request)


def _question(service: Service, body: AskBody) -> Question:
    settings = service.settings
    text, _ = remove_invisible(body.question)
    check_length(text, settings.question_bytes, "question")
    if sum(len(turn.content) for turn in body.history) > _MOST_HISTORY * settings.question_bytes:
        message = "history: it is too long; send the last turns only."
        raise TooLargeError(message)
    return Question(
        text=text,
        history=turns(body.history),
        sampling=body.sampling(settings.answer_tokens),
        deadline_s=min(body.deadline_s or settings.deadline_s, settings.deadline_s),
    )


class _Asked:
    """One question on its way through the house."""

    def __init__(self, service: Service, scope: Scope, question: Question) -> None:
        self._service = service
        self._scope = scope
        self._question = question
        self._began = time.monotonic()
        self._left = CancelFlag()

    async def whole(self, request: Request) -> Response:
        """Return the answer as one JSON value; a client that leaves ends the work."""
        last: Told = CancelledError("The client has left.")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, request, tasks.cancel_scope)
            async for told in self._told():
                last = told
            tasks.cancel_scope.cancel()
        if isinstance(last, HouseError):
            return error_response(last)
        return JSONResponse(last[1])

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield server-sent events; the last one is `answer` or `error`."""
        async for told in self._told():
            if isinstance(told, HouseError):
                yield event("error", error_body(told.code, str(told), told.retry_after_s))
            else:
                yield event(*told)

    async def _told(self) -> AsyncIterator[Told]:
        """Yield what the question yields; the last is its answer or an error."""
        try:
            async with self._service.admission.place(self._scope.principal) as place:
                async for ahead in place.turn(self._question.deadline_s):
                    yield "queued", {"ahead": ahead}
                waited_s = time.monotonic() - self._began
                with metrics.answering():
                    async for told in stepped(lambda: self._steps(waited_s), self._left):
                        yield told
        except HouseError as error:
            yield error

    def _steps(self, waited_s: float) -> Iterator[Told]:
        """Run in a thread: answer, keep the answer, translate the events."""
        house = self._service.house
        try:
            for step in house.answerer.answer(self._question, self._scope, self._ended, waited_s):
                match step:
                    case PassagesEvent(passages):
                        yield "passages", {"passages": [passage_out(one) for one in passages]}
                    case DeltaEvent(text):
                        yield "delta", {"text": text}
                    case AnswerEvent(answer, trace):
                        told = answer_out(answer)
                        self._keep(told, trace)
                        metrics.answered(answer)
                        used = answer.usage.prompt_tokens + answer.usage.completion_tokens
                        self._service.budgets.note("tokens", self._scope.principal, used)
                        yield "answer", told
        except CancelledError as error:
            yield self._why(error)
        except HouseError as error:
            yield error
        except Exception as error:
            log.exception("question failed", exc_info=error)
            yield HouseError("Something unexpected went wrong here; the log has the details.")

    def _keep(self, told: dict[str, object], trace: Mapping[str, object]) -> None:
        """Store the answer; on a full disk it is given all the same, only not kept."""
        try:
            answers = self._service.house.registry.answers
            keep(answers, self._scope, self._question, told, trace)
        except StorageFullError:
            log.warning("the disk is full: an answer is not kept", answer=told["id"])

    def _ended(self) -> bool:
        is_over = self._service.over.is_set()
        return is_over or self._left() or time.monotonic() - self._began > self._question.deadline_s

    def _why(self, error: CancelledError) -> HouseError:
        if self._left():
            return error
        if self._service.over.is_set():
            return NotReadyError("The service is shutting down: ask again when it is back.")
        return DeadlineError(f"No answer within {self._question.deadline_s:g} seconds.")

    async def _watch(self, request: Request, work: anyio.CancelScope) -> None:
        """Leave as soon as the client has, also while waiting for one's turn."""
        while not await request.is_disconnected():  # noqa: ASYNC110 - the server tells no event
            await anyio.sleep(_LOOK_S)
        self._left.leave()
        work.cancel()
