"""Stored answers: kept with their trace, shown, judged and asked again."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query

from services.answering import AnswerEvent
from services.api.access import Asking
from services.api.schemas import FeedbackBody, answer_out, without_none
from services.api.state import InHouse, InService
from services.domain.answers import AnswerRecord, Question, Sampling, Turn
from services.domain.errors import CancelledError
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
    return None if conversation is None else f"{scope.principal}/{conversation}"


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


@router.post("/{answer_id}/feedback")
def judge_answer(
    house: InHouse, scope: Asking, answer_id: str, body: FeedbackBody
) -> dict[str, object]:
    """Keep a thumb and a note with an answer."""
    house.registry.answers.judge(scope, answer_id, body.model_dump())
    return {"id": answer_id, "feedback": body.model_dump()}


@router.post("/{answer_id}/replay")
async def replay_answer(service: InService, scope: Asking, answer_id: str) -> dict[str, object]:
    """Ask the same question again, within what may be read now, and show both answers."""
    answers = service.house.registry.answers
    record = await anyio.to_thread.run_sync(answers.get, scope, answer_id)
    question = question_of(record.question)
    within = _still_readable(scope, record.question["collections"])
    async with service.admission.place(scope.principal) as place:
        async for _ahead in place.turn(question.deadline_s):
            pass
        now = await anyio.to_thread.run_sync(_asked_again, service.house, question, within)
    return {"before": dict(record.answer), "now": now}


def _asked_again(house: House, question: Question, scope: Scope) -> dict[str, object]:
    deadline = time.monotonic() + question.deadline_s
    for step in house.answerer.answer(question, scope, lambda: time.monotonic() > deadline, 0.0):
        if isinstance(step, AnswerEvent):
            return answer_out(step.answer) | {"trace": dict(step.trace)}
    message = "The question was given up before it was answered."
    raise CancelledError(message)


def question_of(stored: Mapping[str, Any]) -> Question:
    """Return a question as it was stored."""
    sampling = {**stored["sampling"], "stop": tuple(stored["sampling"]["stop"])}
    return Question(
        text=stored["text"],
        history=tuple(Turn(**turn) for turn in stored["history"]),
        sampling=Sampling(**sampling),
        deadline_s=stored["deadline_s"],
    )


def _still_readable(scope: Scope, names: object) -> Scope:
    known = {held.name for held in scope.roles}
    wanted = names if isinstance(names, list) else []
    return scope.narrowed([name for name in wanted if name in known])
