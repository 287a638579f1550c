"""The same question again, with nothing changed since: the same answer, without the work."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from services.answering import AnswerEvent, AnswerSource, Cancelled, Event, PassagesEvent
from services.cache import AnswerKey, AnswerStore
from services.domain.answers import Question
from services.domain.scope import Scope

_ADAPTER = TypeAdapter(AnswerEvent)


class CachedAnswers(AnswerSource):
    """Answers from *store* what it holds, else from *answers*. *change* returns the number of the
    registry's last change, *made_with* what else an answer for a Scope depends on: models,
    settings, the collections' instructions.

    A kept answer comes without its text piece by piece. Only what comes out the same each time is
    kept: greedy text, or text with a seed.
    """

    def __init__(
        self,
        answers: AnswerSource,
        store: AnswerStore,
        change: Callable[[], int],
        made_with: Callable[[Scope], Mapping[str, object]],
    ) -> None:
        self._answers = answers
        self._store = store
        self._change = change
        self._made_with = made_with

    @override
    def answer(
        self, question: Question, scope: Scope, cancelled: Cancelled, waited_s: float
    ) -> Iterator[Event]:
        began = time.perf_counter()
        key = self._key(question, scope)
        kept = None if key is None else self._found(key)
        if kept is not None:
            yield PassagesEvent(kept.answer.passages)
            yield _again(kept, waited_s, began)
            return
        for event in self._answers.answer(question, scope, cancelled, waited_s):
            yield event
            if key is not None and isinstance(event, AnswerEvent) and _is_whole(event):
                self._store.keep(key, _ADAPTER.dump_json(event))

    def _key(self, question: Question, scope: Scope) -> AnswerKey | None:
        if question.sampling.temperature > 0 and question.sampling.seed is None:
            return None
        asked = asdict(question) | {"made_with": self._made_with(scope)}
        del asked["deadline_s"]
        # Read before anything is looked up: a change in the meantime makes another key.
        return AnswerKey.of(scope, self._change(), asked)

    def _found(self, key: AnswerKey) -> AnswerEvent | None:
        kept = self._store.find(key)
        if kept is None:
            return None
        try:
            return _ADAPTER.validate_json(kept)
        except ValidationError:
            return None


def _is_whole(event: AnswerEvent) -> bool:
    """Say whether the answer is what it would be again: not one that was made in a hurry, or while
    documents were still being read.
    """
    return not (event.trace.get("hurried") or event.trace.get("unread"))


def _again(event: AnswerEvent, waited_s: float, began: float) -> AnswerEvent:
    """Return a kept answer under a name of its own, with the times of this question."""
    answer_id = f"ans_{secrets.token_hex(12)}"
    times = dict.fromkeys(event.answer.timings_ms, 0.0)
    times |= {
        "queue": round(waited_s * 1000, 2),
        "total": round((waited_s + time.perf_counter() - began) * 1000, 2),
    }
    usage = replace(event.answer.usage, cached_tokens=event.answer.usage.prompt_tokens)
    answer = replace(event.answer, id=answer_id, trace_id=answer_id, usage=usage, timings_ms=times)
    return AnswerEvent(answer, {**event.trace, "kept_from": event.answer.id})
