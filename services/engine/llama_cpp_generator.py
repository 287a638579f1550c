"""The generator that llama.cpp runs: many answers at once through the scheduler."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from services.domain.answers import Sampling
from services.engine import ModelCard, Part, Prompt, Step
from services.engine.kv_tiers import KVTiers, TierSizes
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_weights import AS_FILED
from services.engine.made_files import identity
from services.engine.prefix_tree import Tokens
from services.engine.scheduler import Scheduler, SchedulerOptions
from services.engine.scheduler_stats import SchedulerStats
from services.engine.templates import family_of
from services.engine.writing import Order

_END_MARKS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>")
_NO_TOKENS = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the engine runs on this machine. *window* is the longest prompt and answer together.

    `tier_folder` is where states are kept between runs; `model_key` names the file's content.
    """

    context: ContextOptions
    scheduler: SchedulerOptions
    window: int
    tiers: TierSizes = field(default_factory=TierSizes)
    tier_folder: Path | None = None
    model_key: str = ""


class LlamaCppGenerator:
    """A GGUF model in one llama.cpp context. `close` saves what rests and frees it."""

    def __init__(self, file: Path, card: ModelCard, options: EngineOptions) -> None:
        self._context = LlamaContext(file, options.context)
        self._window = min(options.window, self._context.window)
        family = card.template or family_of(self._special_tokens())
        trained = self._context.trained_context or card.max_tokens
        self._card = replace(card, template=family, max_tokens=trained)
        self.stats = SchedulerStats()
        self._tiers = KVTiers(options.tier_folder, options.tiers, self._tier_key(options))
        self._scheduler = Scheduler(self._context, self._tiers, options.scheduler, self.stats)

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def context_tokens(self) -> int:
        """Size of the window that prompt and answer share, in tokens."""
        return self._window

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of an untrusted text."""
        return len(self._context.tokens(text, trusted=False))

    def at_hand(self, share: str, parts: Sequence[Part]) -> int:
        """Return how many tokens of a prompt that begins with *parts* need not be read."""
        return self._scheduler.at_hand(share, self._tokens(parts))

    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        """Yield the answer as it comes, together with the others that are being written."""
        tokens = self._tokens(prompt.parts)
        most = max(1, min(sampling.max_tokens, self._window - len(tokens)))
        order = Order(
            tokens,
            replace(sampling, max_tokens=most),
            prompt.share,
            prompt.owner,
            tuple(self._tokens(parts) for parts in prompt.beginnings),
        )
        return self._scheduler.submit(order).steps(cancelled)

    def figures(self) -> dict[str, float]:
        """Return what the scheduler counts and measures, by name."""
        return self.stats.figures()

    def forget(self, collection: str) -> None:
        """Let go of all KV that rests or is saved for askers of *collection*."""
        self._scheduler.forget(collection)

    def special_token_ids(self, text: str, *, trusted: bool) -> list[int]:
        """Return the control tokens in *text* as a trusted or an untrusted part (bar L3)."""
        found = self._context.tokens(text, trusted=trusted)
        return [int(token) for token in found if self._context.is_control(int(token))]

    def close(self) -> None:
        """Save what rests, and free the model."""
        self._scheduler.close()
        self._tiers.close()
        self._context.close()

    def _tokens(self, parts: Sequence[Part]) -> Tokens:
        pieces = [self._context.tokens(part.text, trusted=part.trusted) for part in parts]
        return np.concatenate(pieces) if pieces else _NO_TOKENS

    def _special_tokens(self) -> list[str]:
        return [mark for mark in _END_MARKS if len(self._context.tokens(mark, trusted=True)) == 1]

    def _tier_key(self, options: EngineOptions) -> str:
        """Return what a saved state depends on."""
        adapters = identity(options.context.adapters)
        held = options.context.kv_type
        if self._context.weights != AS_FILED:
            held += f"|{self._context.weights}"
        # Without flash attention values lie the other way round.
        held += "" if options.context.flash_attention else "|scores"
        return f"{options.model_key}|{adapters}|{held}|{self._card.template}"
