"""Questions and answers with their footnotes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.domain.passages import Found


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation; `role` is `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the generator picks its tokens; temperature 0 is greedy.

    `top_k` 0, `top_p` 1 and `min_p` 0 leave every token in; a `repeat_penalty` of 1 and the other
    penalties of 0 change nothing. `logit_bias` adds to the logits of tokens by number. `grammar`
    is GBNF, `json_schema` a JSON schema that the text will fit; at most one of the two.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    grammar: str | None = None
    json_schema: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, after which conversation, and within what bounds.

    It is answered from so many `passages` (None: as many as the service takes); refused, and by a
    generator answered, in one of `languages`, the first where its own is none of them (none: any).
    """

    text: str
    history: tuple[Turn, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    deadline_s: float = 60.0
    passages: int | None = None
    languages: tuple[str, ...] = ()

    def told_in(self, language: str) -> str:
        """Return the language in which a question in *language* is told what is told."""
        return language if language in self.languages or not self.languages else self.languages[0]


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote: `quote` is exactly `start..end` of the document's canonical text. *unverified* is
    one from a collection of low trust.
    """

    number: int
    passage_id: int
    document_id: str
    document_name: str
    source_id: str
    collection: str
    page: int | None
    start: int
    end: int
    quote: str
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer (`start..end` of its text) and the footnotes that support it.

    `support` is between 0 and 1: how much of what it says the quotes say too.
    """

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read, written, and not read again because they were cached."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or the refusal to give one, with everything that it rests on."""

    id: str
    answered: bool
    answer: str
    language: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Found, ...]
    model: str
    usage: Usage
    timings_ms: Mapping[str, float]
    trace_id: str


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """A stored answer: whose it is, the question, the wire form, and the trace behind it.

    *thread* names the conversation that it belongs to, if any.
    """

    id: str
    principal: str
    created_at: str
    question: Mapping[str, object]
    answer: Mapping[str, object]
    trace: Mapping[str, object]
    feedback: Mapping[str, object] | None = None
    thread: str | None = None
