"""The wire of OpenAI's interface. Unknown fields are let be, as OpenAI's clients expect."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.domain.answers import Sampling, Turn
from services.domain.errors import InvalidRequestError

_LONGEST = 400_000
_READ = {"text", "input_text", "output_text", "refusal"}


class OpenBody(BaseModel):
    """A body whose unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class TextPart(OpenBody):
    """A piece of a message; only text is read, and what a model refused to say."""

    type: str = "text"
    text: str = Field("", max_length=_LONGEST)
    refusal: str = Field("", max_length=_LONGEST)


class MessageBody(OpenBody):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=_LONGEST)] | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """What it says; InvalidRequestError for pictures and sounds."""
        if isinstance(self.content, list):
            if any(part.type not in _READ for part in self.content):
                message = "messages: only text can be read here."
                raise InvalidRequestError(message)
            return "\n".join(part.text or part.refusal for part in self.content)
        return self.content or ""

    @property
    def turn(self) -> Turn:
        """The message as a turn of the conversation."""
        role = {"developer": "system", "tool": "user", "function": "user"}.get(self.role, self.role)
        return Turn(role, self.text)


class StreamOptions(OpenBody):
    """What a stream tells besides its text."""

    include_usage: bool | None = None


class ResponseFormat(OpenBody):
    """What form the text shall have."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: dict[str, Any] | None = None

    @property
    def schema_wanted(self) -> dict[str, Any] | None:
        """The JSON schema that the text must fit; None for any text."""
        if self.type == "json_object":
            return {"type": "object"}
        return (self.json_schema or {}).get("schema") if self.type == "json_schema" else None


class ChatBody(OpenBody):
    """A chat completion that is asked for."""

    model: str = Field(max_length=300)
    messages: list[MessageBody] = Field(min_length=1, max_length=1000)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, le=131_072)
    max_completion_tokens: int | None = Field(None, ge=1, le=131_072)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[int, float] | None = None
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    n: int | None = Field(None, ge=1, le=1)
    response_format: ResponseFormat | None = None

    @property
    def wants_usage(self) -> bool:
        """Say whether a stream shall end with its usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    @property
    def heat(self) -> float | None:
        """The temperature, None where none was named: 0 where only the likeliest are wanted."""
        return 0.0 if self.top_p == 0 else self.temperature

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts at which what is said ends."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(one for one in stop if one)

    def sampling(self, most: int) -> Sampling:
        """Return how to sample, *most* tokens where no number was asked for."""
        wanted = self.response_format
        return Sampling(
            max_tokens=self.max_completion_tokens or self.max_tokens or most,
            temperature=self.heat or 0.0,
            top_p=self.top_p or 1.0,
            seed=None if self.seed is None else self.seed % 2**32,
            stop=self.stops,
            frequency_penalty=self.frequency_penalty or 0.0,
            presence_penalty=self.presence_penalty or 0.0,
            logit_bias=tuple((self.logit_bias or {}).items()),
            json_schema=wanted.schema_wanted if wanted is not None else None,
        )


class ItemBody(MessageBody):
    """One item of a response's input: a message; what tools said is not read here."""

    type: Literal["message"] = "message"


class TextBody(OpenBody):
    """What form a response's text shall have."""

    format: dict[str, Any] = Field(default_factory=dict)


class ResponsesBody(OpenBody):
    """A response that is asked for. Nothing of it is kept by an id that could be gone on from."""

    model: str = Field(max_length=300)
    input: (
        Annotated[str, Field(min_length=1, max_length=_LONGEST)]
        | Annotated[list[ItemBody], Field(min_length=1, max_length=1000)]
    )
    instructions: str | None = Field(None, max_length=_LONGEST)
    stream: bool | None = None
    max_output_tokens: int | None = Field(None, ge=1, le=131_072)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    text: TextBody | None = None
    previous_response_id: None = None
    conversation: None = None
    background: Literal[False] | None = None

    def as_chat(self) -> ChatBody:
        """Return the same as a chat completion."""
        said: list[MessageBody] = []
        if self.instructions:
            said.append(MessageBody(role="system", content=self.instructions))
        if isinstance(self.input, str):
            said.append(MessageBody(role="user", content=self.input))
        else:
            said += self.input
        wanted = dict(self.text.format) if self.text is not None else {}
        kind = wanted.pop("type", "text")
        return ChatBody.model_validate(
            {
                "model": self.model,
                "messages": [message.model_dump() for message in said],
                "max_completion_tokens": self.max_output_tokens,
                "temperature": self.temperature,
                "top_p": self.top_p,
                "response_format": {"type": kind, "json_schema": wanted or None},
            }
        )


class EmbeddingsBody(OpenBody):
    """Embeddings that are asked for."""

    model: str = Field(max_length=300)
    input: (
        Annotated[str, Field(max_length=_LONGEST)]
        | Annotated[
            list[Annotated[str, Field(max_length=_LONGEST)]], Field(min_length=1, max_length=2048)
        ]
    )
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(None, ge=1)
