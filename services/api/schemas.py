"""The wire: what requests hold and what answers look like; inside are plain dataclasses."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from services.api.wording import (
    CONVERSATION_PATTERN,
    NAME_PATTERN,
    PRINCIPAL_PATTERN,
    fault,
)
from services.domain.answers import Answer, Citation, Sampling, Turn
from services.domain.documents import Document
from services.domain.errors import InvalidRequestError
from services.domain.passages import Found
from services.domain.scope import Scope
from services.language.normalize import remove_invisible

# The turns of a conversation that are read.
MOST_TURNS = 200
Name = Field(min_length=1, max_length=100, pattern=NAME_PATTERN)


MaxTokens = Field(None, ge=1, le=4096)
Seed = Field(None, ge=0, le=2**32 - 1)
# What every answer tells the time of; 0 where nothing was to be done.
_SAMPLED = frozenset({"max_tokens", "temperature", "top_p", "top_k", "min_p", "seed"})
_STEPS = ("queue", "retrieve", "prefill", "generate", "verify", "total")


class Body(BaseModel):
    """A request's body: unknown fields are an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


# What a question is answered from: all that one may read, or without collections of low trust.
Trust = Literal["any", "high"]


class TurnBody(Body):
    """One earlier message."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=100_000)


class SearchBody(Body):
    """A search."""

    query: str = Field(min_length=1)
    collections: list[str] | None = None
    limit: int = Field(10, ge=1, le=100)
    trust: Trust = "any"
    history: list[TurnBody] = Field(default_factory=list, max_length=MOST_TURNS)


class AskBody(Body):
    """A question."""

    question: str = Field(min_length=1)
    collections: list[str] | None = None
    history: list[TurnBody] = Field(default_factory=list, max_length=MOST_TURNS)
    stream: bool = False
    trust: Trust = "any"
    # Answers of the same conversation are listed together: GET /v1/answers?conversation=.
    conversation: str | None = Field(None, pattern=CONVERSATION_PATTERN)
    max_tokens: int | None = MaxTokens
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0, le=1000)
    min_p: float = Field(0.0, ge=0, le=1)
    seed: int | None = Seed
    deadline_s: float | None = Field(None, gt=0, le=3600)

    def sampling(self, answer_tokens: int, defaults: Mapping[str, Any]) -> Sampling:
        """Return how to sample: as asked for, else by *defaults*, else as the service does."""
        said = {name: getattr(self, name) for name in self.model_fields_set & _SAMPLED}
        usual = {name: defaults[name] for name in _SAMPLED & defaults.keys()}
        wanted: dict[str, Any] = {**usual, **without_none(said)}
        return replace(Sampling(max_tokens=answer_tokens), **wanted)


def question_body(**given: Any) -> AskBody:  # noqa: ANN401 - the fields of AskBody
    """Return a question that came by another interface; InvalidRequestError if it is none."""
    try:
        return AskBody.model_validate(given)
    except ValidationError as error:
        raise InvalidRequestError(fault(error.errors())) from error


class DefaultsBody(Body):
    """What holds for questions that are asked of a collection alone, where they do not say; and
    whether it is trusted.
    """

    trust: Literal["high", "low"] | None = None
    max_tokens: int | None = MaxTokens
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=0, le=1000)
    min_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = Seed
    passages: int | None = Field(None, ge=1, le=30)
    languages: list[Literal["en", "zh"]] | None = Field(None, max_length=2)

    def kept(self) -> dict[str, Any]:
        """Return what was said."""
        return self.model_dump(exclude_none=True)


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "it holds half of a character"
        raise ValueError(message) from error
    if remove_invisible(text)[1] or text.splitlines() not in ([text], []):
        message = "it holds a character that cannot be seen, or a line's end"
        raise ValueError(message)
    return text


def _to_come(moment: str) -> str:
    """Return a time in the one form in which times are compared here: UTC, ending in Z."""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        message = "a time with its zone is expected, like 2027-01-31T00:00:00Z"
        raise ValueError(message)
    if read <= datetime.now(UTC):
        message = "it is over already"
        raise ValueError(message)
    try:
        return read.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError as error:
        message = "it is too far away"
        raise ValueError(message) from error


Storable = Annotated[str, AfterValidator(_storable)]


class CollectionBody(Body):
    """A new collection."""

    name: str = Name
    instructions: str = Field("", max_length=8000)
    defaults: DefaultsBody = Field(default_factory=DefaultsBody)


class CollectionChangeBody(Body):
    """New instructions and defaults of a collection; what is not given stays as it is."""

    instructions: str | None = Field(None, max_length=8000)
    defaults: DefaultsBody | None = None


class GrantBody(Body):
    """One grant."""

    principal: str = Field(pattern=PRINCIPAL_PATTERN, max_length=300)
    role: Literal["ask", "read", "write", "admin"]


class GrantsBody(Body):
    """All grants of a collection."""

    grants: list[GrantBody] = Field(max_length=10_000)


class KeyBody(Body):
    """A new key."""

    name: Storable = Field(min_length=1, max_length=200)
    scopes: list[Literal["ask", "read", "write", "admin"]] = Field(default_factory=list)
    user: Storable | None = Field(None, max_length=200)
    groups: list[Storable] = Field(default_factory=list, max_length=1000)
    expires_at: Annotated[str, AfterValidator(_to_come)] | None = None


class ReadersBody(Body):
    """Who alone may read a document; null: all who may read its collection. It must be said."""

    readers: list[Annotated[str, Field(pattern=PRINCIPAL_PATTERN, max_length=300)]] | None = Field(
        max_length=1000
    )


class FeedbackBody(Body):
    """A thumb and a note."""

    thumb: Literal["up", "down"]
    note: str = Field("", max_length=4000)


def within(scope: Scope, body: AskBody | SearchBody) -> Scope:
    """Return where a question is looked for: the collections that it names, of the trust it wants.

    CollectionNotFoundError for one that does not exist for the asker.
    """
    narrowed = scope.narrowed(body.collections)
    return narrowed.trusted() if body.trust == "high" else narrowed


def turns(history: list[TurnBody]) -> tuple[Turn, ...]:
    """Return the conversation in the domain's words."""
    return tuple(Turn(turn.role, remove_invisible(turn.content)[0]) for turn in history)


def document_out(document: Document) -> dict[str, object]:
    """Return a Document as the contract has it."""
    told = asdict(document)
    for inner in ("collection_id", "segment_id", "blob"):
        del told[inner]
    if document.batch is None:
        del told["batch"]
    if document.error is None:
        del told["error"]
    if document.readers is None:
        del told["readers"]
    # Whether, not which: their ids may be nothing for who reads this one.
    if told.pop("replaces"):
        told["replaces"] = True
    return told


def passage_out(found: Found) -> dict[str, object]:
    """Return a Passage as the contract has it."""
    passage = found.passage
    told: dict[str, object] = {
        "id": passage.id,
        "document_id": passage.document_id,
        "document_name": passage.document_name,
        "source_id": passage.source_id,
        "collection": passage.collection,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "headings": list(passage.headings),
        "score": round(found.score, 6),
        "scores": dict(found.scores),
    }
    if passage.page is not None:
        told["page"] = passage.page
    if found.unverified:
        told["unverified"] = True
    if found.also_in:
        told["also_in"] = [
            {"passage_id": same.id, "document_id": same.document_id, "name": same.document_name}
            for same in found.also_in
        ]
    return told


def citation_out(citation: Citation) -> dict[str, object]:
    """Return a Citation as the contract has it."""
    told = asdict(citation)
    if citation.page is None:
        del told["page"]
    if not citation.unverified:
        del told["unverified"]
    return told


def answer_out(answer: Answer) -> dict[str, object]:
    """Return an Answer as the contract has it."""
    return {
        "id": answer.id,
        "answered": answer.answered,
        "answer": answer.answer,
        "language": answer.language,
        "sentences": [asdict(sentence) for sentence in answer.sentences],
        "citations": [citation_out(citation) for citation in answer.citations],
        "passages": [passage_out(found) for found in answer.passages],
        "model": answer.model,
        "usage": asdict(answer.usage),
        "timings_ms": {**dict.fromkeys(_STEPS, 0.0), **answer.timings_ms},
        "trace_id": answer.trace_id,
    }


def without_none(told: Mapping[str, object]) -> dict[str, object]:
    """Return *told* without what is not there."""
    return {name: value for name, value in told.items() if value is not None}
