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
class Meant:
    """A word of a question that was translated: what it weighs, and the terms of each thing that it
    may be called, all of which stand where it is said. A number, a code, and in a Chinese question
    a word of Latin letters *must* stand there.
    """

    weight: float
    ways: tuple[frozenset[str], ...]
    must: bool = False


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Ranked passages, the standalone question behind them, and how they were found.

    `embedded` is the question's embedding, None where the embedder cannot read its language;
    `tokens` are the token vectors of the passages that have any (packed, and their width);
    `idf` is of each of its terms in what the asker may read, `weights` of those alone that carry
    meaning; `instructions` say how answers from these collections should sound. The question's
    embedding took `embedding_s` seconds. Where the question before stands in `question`, `turn` is
    what was asked last, and the words of that one alone weigh fully.

    Where it may be understood in several ways, `sides` are what each of them found, the likeliest
    first: as it was asked, with the question before it, and in the other language, with the words
    that the translation was `meant` to say.
    """

    question: str
    language: str
    found: Sequence[Found]
    embedded: Embedded | None = None
    tokens: Mapping[int, tuple[bytes, int]] = field(default_factory=dict)
    idf: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    instructions: str = ""
    embedding_s: float = 0.0
    trace: Mapping[str, object] = field(default_factory=dict)
    sides: "tuple[Retrieval, ...]" = ()
    meant: tuple[Meant, ...] = ()
    turn: str = ""
