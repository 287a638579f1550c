"""From a question to ranked passages: the one path of search, ask, chat and evaluation.

The Scope is honoured inside both legs, before ranking. A leg whose model cannot read the question's
language does not vote. What was found, and why it stands where it stands, goes into the trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.domain.answers import Turn
from services.domain.passages import Found
from services.engine import Embedded


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, after which conversation."""

    text: str
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Ranked passages, the standalone question behind them, and how they were found.

    `embedded` is the question's embedding, None where the embedder cannot read its language;
    `weights` are its terms with their idf in what the asker may read; `instructions` say how
    answers from these collections should sound.
    """

    question: str
    language: str
    found: Sequence[Found]
    embedded: Embedded | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    instructions: str = ""
    trace: Mapping[str, object] = field(default_factory=dict)
