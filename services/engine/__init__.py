"""The models: embed, rerank and generate, behind Protocols that say nothing of any library.

A model file is checked against its pinned SHA-256 before a parser opens it. Text of documents and
people is tokenised without special tokens. One thread at a time works in a model's context.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.domain.answers import Sampling, Turn

Vectors: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text as the embedder sees it: as a whole, and token by token for late interaction.

    `vector` has unit length. `tokens` has a row of unit length a token, shape (tokens, width),
    scaled to int8 by 127; it has no rows where the model keeps none. `spans` are the tokens'
    characters in the text, (0, 0) for marks that are no text.
    """

    vector: NDArray[np.float32]
    tokens: NDArray[np.int8]
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model: *languages* are those that it really reads.

    `gpu_gb` is the size of the GPU that a generator is meant for, in GB; 0: it runs on a CPU too.
    """

    name: str
    kind: str
    languages: frozenset[str]
    bytes: int
    memory_bytes: int
    dimension: int = 0
    max_tokens: int = 0
    template: str = ""
    licence: str = ""
    gpu_gb: int = 0

    def reads(self, language: str) -> bool:
        """Say whether the model reads *language* (`*` on the card: any)."""
        return language in self.languages or "*" in self.languages


class Embedder(Protocol):
    """Turns texts into vectors of unit length, so that their product is their likeness."""

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        ...

    def embed_question(self, text: str) -> Embedded:
        """Return a question, its marks of beginning and end left out of the tokens."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Return passages in the order given; their `spans` are left empty."""
        ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters of each token that `embed_passages` makes of *text*."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without the marks at its ends."""
        ...


class Reranker(Protocol):
    """Reads a question and a passage together; slower than an embedder, and better."""

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        ...

    def scores(self, question: str, texts: Sequence[str], budget_s: float) -> list[float]:
        """Return how well each text answers, between 0 and 1: of as many from the front as
        *budget_s* seconds allow.
        """
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a prompt; only a trusted one may hold the template's control tokens."""

    text: str
    trusted: bool = False


class Step(NamedTuple):
    """What a generator has to tell: new *text*, and the counts so far.

    The first step comes when the prompt has been read; the last one carries `finish`: `stop`,
    `length` or `cancelled`.
    """

    text: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    finish: str | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in parts, the ends of a turn that stop it, and whose KV it may share.

    Prompts with different `share` (collections, joined by commas) never use each other's cached
    prefixes. Answers are written in turn between the owners of their prompts. `turns` say the same
    as the parts, without marks: for servers with a template of their own. Prompts that come later
    may begin with one of `beginnings`, which may be read ahead.
    """

    parts: tuple[Part, ...]
    stop: tuple[str, ...] = ()
    share: str = ""
    owner: str = ""
    turns: tuple[Turn, ...] = ()
    beginnings: tuple[tuple[Part, ...], ...] = ()


class Generator(Protocol):
    """Writes text after a prompt."""

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        ...

    @property
    def context_tokens(self) -> int:
        """Size of the window that prompt and answer share, in tokens."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of an untrusted text."""
        ...

    def at_hand(self, share: str, parts: Sequence[Part]) -> int:
        """Return how many tokens of a prompt that begins with *parts* need not be read."""
        ...

    def forget(self, collection: str) -> None:
        """Let go of all KV that may hold text of *collection* and is not at work."""
        ...

    def figures(self) -> Mapping[str, float]:
        """Return what the engine counts and measures, by name."""
        ...

    def close(self) -> None:
        """End all answers and free the model."""
        ...

    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        """Yield the text as it comes; *cancelled* is asked before every step.

        EngineError if the engine fails at it.
        """
        ...
