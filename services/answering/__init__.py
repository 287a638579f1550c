"""From passages to an answer: prompt, generation, grounding, refusal, trace.

The generator writes; code decides which sentence of which passage supports each sentence, and the
quote is cut from the stored text. A question whose evidence is not there is refused. It works the
same with a tiny model and a large one, in Chinese and in English.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from services.domain.answers import Answer, Question
from services.domain.passages import Found
from services.domain.scope import Scope

Cancelled: TypeAlias = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class PassagesEvent:
    """What was found, before anything is written."""

    passages: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class DeltaEvent:
    """New text, as the generator writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """The answer with its footnotes, and the trace of how it came about. The last event."""

    answer: Answer
    trace: Mapping[str, object]


Event: TypeAlias = PassagesEvent | DeltaEvent | AnswerEvent


class AnswerSource(Protocol):
    """Answers questions. Blocking; several threads may use it."""

    def answer(
        self, question: Question, scope: Scope, cancelled: Cancelled, waited_s: float
    ) -> Iterator[Event]:
        """Yield what was found, the text as it is written, and the answer at the end.

        CancelledError as soon as *cancelled* says so; it is asked before every step.
        """
        ...
