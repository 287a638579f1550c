"""Ask: an answer with footnotes, whole or as a stream."""

from collections.abc import AsyncIterator, Callable, Iterator

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.answering import AnswerEvent, DeltaEvent, PassagesEvent
from services.api import metrics
from services.api.access import Asking
from services.api.admitted import Admitted, Told
from services.api.checks import plain_text
from services.api.errors import error_body, error_response
from services.api.records import keep, own_thread
from services.api.schemas import AskBody, answer_out, passage_out, turns, within
from services.api.state import InService, Service
from services.api.streaming import EventStream, event
from services.domain.answers import Question
from services.domain.errors import HouseError, StorageFullError, TooLargeError
from services.domain.scope import Scope

router = APIRouter(prefix="/v1", tags=["asking"])
log = structlog.get_logger("ask")
_MOST_HISTORY = 50


@router.post("/ask", response_model=None)
async def ask(request: Request, service: InService, scope: Asking, body: AskBody) -> Response:
    """Answer a question from the documents that the asking key may read."""
    thread = own_thread(scope, body.conversation)
    asked = await service.counted(lambda: admitted(service, scope, body, thread))
    if body.stream:
        return EventStream(_events(asked))
    last = await asked.last(request)
    return error_response(last) if isinstance(last, HouseError) else JSONResponse(last[1])


def admitted(service: Service, scope: Scope, body: AskBody, thread: str | None = None) -> Admitted:
    """Return a question with its place still to be taken; HouseError if it cannot be asked.

    *thread* names the conversation that the answer is kept in.
    """
    service.take_question(scope.principal)
    narrowed = within(scope, body)
    question = _question(service, body, narrowed)

    def steps(waited_s: float, ended: Callable[[], bool]) -> Iterator[Told]:
        for step in service.house.answers.answer(question, narrowed, ended, waited_s):
            if isinstance(step, AnswerEvent):
                _account(service, narrowed, question, step, thread)
            yield _told(step)

    return Admitted(service, scope, question.deadline_s, steps)


def _question(service: Service, body: AskBody, scope: Scope) -> Question:
    settings, defaults = service.settings, scope.defaults
    text = plain_text(body.question, settings.question_bytes, "question")
    if sum(len(turn.content) for turn in body.history) > _MOST_HISTORY * settings.question_bytes:
        message = "history: it is too long; send the last turns only."
        raise TooLargeError(message)
    return Question(
        text=text,
        history=turns(body.history),
        sampling=body.sampling(settings.answer_tokens, defaults),
        deadline_s=min(body.deadline_s or settings.deadline_s, settings.deadline_s),
        passages=defaults.get("passages"),
        languages=tuple(defaults.get("languages", ())),
    )


async def _events(asked: Admitted) -> AsyncIterator[bytes]:
    """Yield server-sent events; the last one is `answer` or `error`. What needed no generator (kept
    answers, quoted sentences, refusals) comes as one `delta`.
    """
    has_text = False
    async for told in asked.told():
        if isinstance(told, HouseError):
            yield event("error", error_body(told.code, str(told), told.retry_after_s))
            continue
        name, value = told
        has_text |= name == "delta"
        if name == "answer" and not has_text:
            yield event("delta", {"text": value["answer"]})  # type: ignore[index]
        yield event(name, value)


def _told(step: PassagesEvent | DeltaEvent | AnswerEvent) -> Told:
    """Return an event as it is told."""
    match step:
        case PassagesEvent(passages):
            return "passages", {"passages": [passage_out(one) for one in passages]}
        case DeltaEvent(text):
            return "delta", {"text": text}
        case AnswerEvent(answer, _):
            return "answer", answer_out(answer)


def _account(
    service: Service, scope: Scope, question: Question, step: AnswerEvent, thread: str | None
) -> None:
    """Count an answer and store it; on a full disk it is given all the same, only not kept."""
    answer, is_again = step.answer, "kept_from" in step.trace
    metrics.answered(answer, again=is_again)
    used = answer.usage.prompt_tokens + answer.usage.completion_tokens
    service.budgets.note("tokens", scope.principal, 0 if is_again else used)
    try:
        keep(service.house.registry.answers, scope, question, step, thread)
    except StorageFullError:
        log.warning("the disk is full: an answer is not kept", answer=answer.id)
