"""Stored answers: kept with their trace, shown, judged and asked again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Request

from services.answering import AnswerEvent
from services.api import metrics
from services.api.access import Asking
from services.api.admitted import Admitted, Told
from services.api.schemas import FeedbackBody, answer_out, without_none
from services.api.state import InHouse, InService
from services.domain.answers import AnswerRecord, Question, Sampling, Turn
from services.domain.errors import HouseError
from services.domain.scope import Scope
from services.registry.answers import Answers
from services.wiring import House

router = APIRouter(prefix="/v1/answers", tags=["answers"])


def keep(
    answers: Answers, scope: Scope, question: Question, step: AnswerEvent, thread: str | None
) -> None:
    """Store an answer, so that it goes when a document that it shows goes."""
    answer = step.answer
    shown = {found.passage.document_id for found in answer.passages}
    collections = [held.name for held in scope.roles]
    record = AnswerRecord(
        id=answer.id,
        principal=scope.principal,
        created_at="",
        question={**asdict(question), "collections": collections},
        answer=answer_out(answer),
        trace=step.trace,
        thread=thread,
    )
    answers.store(record, shown)


def own_thread(scope: Scope, conversation: str | None) -> str | None:
    """Return what names one of the asker's own conversations in the registry."""
    return None if conversation is None else _thread(scope, conversation)


def _thread(scope: Scope, conversation: str) -> str:
    return f"{scope.principal}/{conversation}"


@router.get("")
def list_answers(
    house: InHouse,
    scope: Asking,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    conversation: Annotated[str | None, Query(max_length=64)] = None,
    judged: bool = False,
) -> dict[str, object]:
    """List the last answers to who asks, newest first; *judged*: with a thumb, for an owner all."""
    thread = own_thread(scope, conversation)
    records = house.registry.answers.listed(scope, limit, thread=thread, judged=judged)
    return {"answers": [_listed(record) for record in records]}


def _listed(record: AnswerRecord) -> dict[str, object]:
    told = {
        "id": record.id,
        "created_at": record.created_at,
        "question": record.question["text"],
        "answered": record.answer["answered"],
        "answer": record.answer["answer"],
        "conversation": (record.thread or "").partition("/")[2] or None,
        "feedback": record.feedback,
    }
    return without_none(told)


@router.get("/{answer_id}")
def show_answer(house: InHouse, scope: Asking, answer_id: str) -> dict[str, object]:
    """Show an answer with its whole trace."""
    return asdict(house.registry.answers.get(scope, answer_id))


@router.delete("")
def remove_conversation(
    house: InHouse,
    scope: Asking,
    conversation: Annotated[str, Query(min_length=1, max_length=64)],
) -> dict[str, object]:
    """Delete a conversation of who asks: its questions and answers, and what was kept of them."""
    removed = house.registry.answers.remove_thread(scope, _thread(scope, conversation))
    _forget(house, scope, removed)
    return {"removed": removed}


@router.delete("/{answer_id}")
def remove_answer(house: InHouse, scope: Asking, answer_id: str) -> dict[str, object]:
    """Delete an answer with its question, trace and thumb, and what was kept of it."""
    house.registry.answers.remove(scope, answer_id)
    _forget(house, scope, 1)
    return {"removed": 1}


def _forget(house: House, scope: Scope, removed: int) -> None:
    """Let go what may still hold the words: answers for the same question, prompts in the KV."""
    if removed:
        house.kept.forget()
        for segment in scope.segments:
            house.generator.forget(segment)


@router.post("/{answer_id}/feedback")
def judge_answer(
    house: InHouse, scope: Asking, answer_id: str, body: FeedbackBody
) -> dict[str, object]:
    """Keep a thumb and a note with an answer."""
    house.registry.answers.judge(scope, answer_id, body.model_dump())
    return {"id": answer_id, "feedback": body.model_dump()}


@router.post("/{answer_id}/replay")
async def replay_answer(
    request: Request, service: InService, scope: Asking, answer_id: str
) -> dict[str, object]:
    """Ask the same question again, within what may be read now, and show both answers."""
    answers = service.house.registry.answers
    record = await anyio.to_thread.run_sync(answers.get, scope, answer_id)
    await service.counted(lambda: service.take_question(scope.principal))
    question = question_of(record.question)
    within = _still_readable(scope, record.question["collections"])

    def steps(waited_s: float, ended: Callable[[], bool]) -> Iterator[Told]:
        # Past the answers that are kept: it is asked to see what comes out now.
        for step in service.house.answerer.answer(question, within, ended, waited_s):
            if isinstance(step, AnswerEvent):
                used = step.answer.usage
                metrics.answered(step.answer, again=False)
                spent = used.prompt_tokens + used.completion_tokens
                service.budgets.note("tokens", scope.principal, spent)
                yield "answer", answer_out(step.answer) | {"trace": dict(step.trace)}

    now = await Admitted(service, scope, question.deadline_s, steps).last(request)
    if isinstance(now, HouseError):
        raise now
    return {"before": dict(record.answer), "now": now[1]}


def question_of(stored: Mapping[str, Any]) -> Question:
    """Return a question as it was stored."""
    sampling = {**stored["sampling"], "stop": tuple(stored["sampling"]["stop"])}
    return Question(
        text=stored["text"],
        history=tuple(Turn(**turn) for turn in stored["history"]),
        sampling=Sampling(**sampling),
        deadline_s=stored["deadline_s"],
        # Questions of earlier releases have none of these.
        passages=stored.get("passages"),
        languages=tuple(stored.get("languages", ())),
    )


def _still_readable(scope: Scope, names: object) -> Scope:
    known = {held.name for held in scope.roles}
    wanted = names if isinstance(names, list) else []
    return scope.narrowed([name for name in wanted if name in known])
