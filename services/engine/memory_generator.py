"""A twin of the generator for tests: it says what a script tells it to say."""

import time
from collections.abc import Callable, Iterator, Sequence

from services.domain.answers import Sampling
from services.engine import ModelCard, Part, Prompt, Step


class MemoryGenerator:
    """Writes what *script* makes of the prompt's text, word by word, *pause_s* apart."""

    def __init__(
        self,
        script: Callable[[str], str],
        languages: frozenset[str] = frozenset({"*"}),
        pause_s: float = 0.0,
    ) -> None:
        self._script = script
        self._pause_s = pause_s
        self._card = ModelCard(
            name="memory-generator",
            kind="generation",
            languages=languages,
            bytes=0,
            memory_bytes=0,
            max_tokens=4096,
            template="chatml",
        )

    @property
    def card(self) -> ModelCard:
        """What is known of it."""
        return self._card

    @property
    def context_tokens(self) -> int:
        """Size of the pretended window."""
        return 4096

    def count_tokens(self, text: str) -> int:
        """Count a token for every four bytes of UTF-8."""
        return len(text.encode()) // 4 + 1

    def at_hand(self, share: str, parts: Sequence[Part]) -> int:  # noqa: ARG002 - keeps nothing
        """Nothing is ever at hand."""
        return 0

    def forget(self, collection: str) -> None:
        """Nothing is kept."""

    def figures(self) -> dict[str, float]:
        """Nothing is counted."""
        return {}

    def close(self) -> None:
        """There is nothing to free."""

    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        """Yield the scripted text."""
        text = "".join(part.text for part in prompt.parts)
        read = self.count_tokens(text)
        yield Step(prompt_tokens=read)
        words = self._script(text).split(" ")[: sampling.max_tokens]
        for count, word in enumerate(words, 1):
            if cancelled():
                yield Step(prompt_tokens=read, completion_tokens=count, finish="cancelled")
                return
            time.sleep(self._pause_s)
            lead = " " if count > 1 else ""
            yield Step(lead + word, prompt_tokens=read, completion_tokens=count)
        yield Step(prompt_tokens=read, completion_tokens=len(words), finish="stop")
