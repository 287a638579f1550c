"""The generator that llama.cpp runs, one answer at a time behind a lock.

The place of the scheduler that will batch many answers: it takes the same prompts and yields the
same steps.
"""

import codecs
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import llama_cpp

from services.domain.answers import Sampling
from services.engine import ModelCard, Part, Prompt, Step
from services.engine.stopping import StopWatch
from services.engine.templates import family_of
from services.engine.threads import FreeCores

# Cancellation is looked at between chunks of the prompt, so a chunk is the longest wait.
_PROMPT_CHUNK = 128
# How often a waiting question looks whether anybody still waits for it.
_LOCK_LOOK_S = 0.1
# Tokens written between two looks at how busy the cores are.
_LOOK_EVERY = 8


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """How the model runs on this machine; `gpu_layers` -1 puts all of them on the GPU."""

    context_tokens: int
    threads: int
    gpu_layers: int


class LlamaCppGenerator:
    """A GGUF model in one llama.cpp context. `close` frees it."""

    def __init__(self, file: Path, card: ModelCard, options: LlamaOptions) -> None:
        self._llama = llama_cpp.Llama(
            model_path=str(file),
            n_ctx=options.context_tokens,
            n_batch=512,
            n_threads=options.threads,
            n_threads_batch=options.threads,
            n_gpu_layers=options.gpu_layers,
            verbose=False,
        )
        self._threads = options.threads
        self._cores = FreeCores()
        self._lock = threading.Lock()
        self._share = ""
        self._read: list[int] = []
        family = card.template or family_of(self._special_tokens())
        trained = int(self._llama.metadata.get("llama.context_length", 0)) or card.max_tokens
        self._card = replace(card, template=family, max_tokens=trained)

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def context_tokens(self) -> int:
        """Size of the window, in tokens."""
        return int(self._llama.n_ctx())

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of an untrusted text."""
        return len(self._tokens([Part(text)]))

    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        """Yield the answer as it comes. Waits while another answer is being written."""
        tokens = self._tokens(prompt.parts)
        while not self._lock.acquire(timeout=_LOCK_LOOK_S):
            if cancelled():
                yield Step(prompt_tokens=len(tokens), finish="cancelled")
                return
        try:
            cached = self._keep_prefix(tokens, prompt.share)
            for start in range(cached, len(tokens), _PROMPT_CHUNK):
                if cancelled():
                    yield Step(prompt_tokens=len(tokens), cached_tokens=cached, finish="cancelled")
                    return
                self._take_free_threads()
                self._llama.eval(tokens[start : start + _PROMPT_CHUNK])
                self._read = tokens[: start + _PROMPT_CHUNK]
            begun = Step(prompt_tokens=len(tokens), cached_tokens=cached)
            yield begun
            yield from self._write(sampling, cancelled, begun)
        finally:
            self._lock.release()

    def special_token_ids(self, text: str, *, trusted: bool) -> list[int]:
        """Return the control tokens in *text* as a trusted or an untrusted part (bar L3)."""
        vocabulary = self._vocabulary
        return [
            token
            for token in self._tokens([Part(text, trusted=trusted)])
            if llama_cpp.llama_vocab_is_control(vocabulary, token)
        ]

    def close(self) -> None:
        """Free the model."""
        self._llama.close()

    def _write(
        self, sampling: Sampling, cancelled: Callable[[], bool], step: Step
    ) -> Iterator[Step]:
        self._llama.set_seed(sampling.seed if sampling.seed is not None else _RANDOM_SEED)
        room = self.context_tokens - step.prompt_tokens - 1
        watch = StopWatch(sampling.stop)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        most = min(sampling.max_tokens, room)
        finish = "length"
        for count in range(1, most + 1):
            if cancelled():
                finish = "cancelled"
                break
            if count % _LOOK_EVERY == 1:
                self._take_free_threads()
            token = self._sample(sampling)
            step = replace(step, completion_tokens=count)
            if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
                finish = "stop"
                break
            text = watch.passed(decoder.decode(self._llama.detokenize([token])))
            yield replace(step, text=text)
            if watch.stopped:
                finish = "stop"
                break
            self._llama.eval([token])
            self._read.append(token)
        yield replace(step, text=watch.rest(), finish=finish)

    def _take_free_threads(self) -> None:
        threads = self._cores.threads(self._threads)
        llama_cpp.llama_set_n_threads(self._llama.ctx, threads, threads)

    def _sample(self, sampling: Sampling) -> int:
        return int(
            self._llama.sample(
                temp=sampling.temperature,
                top_k=sampling.top_k,
                top_p=sampling.top_p,
                min_p=sampling.min_p,
            )
        )

    def _keep_prefix(self, tokens: Sequence[int], share: str) -> int:
        """Forget what differs from the last prompt; return how many tokens need not be read."""
        same = 0
        if share == self._share:
            for old, new in zip(self._read, tokens[:-1], strict=False):
                if old != new:
                    break
                same += 1
        self._share = share
        self._read = list(tokens[:same])
        if same == 0:
            self._llama.reset()  # type: ignore[no-untyped-call]
        self._llama.n_tokens = same
        return same

    def _tokens(self, parts: Sequence[Part]) -> list[int]:
        tokens: list[int] = []
        for part in parts:
            tokens += self._llama.tokenize(part.text.encode(), add_bos=False, special=part.trusted)
        return tokens

    @property
    def _vocabulary(self) -> object:
        return self._llama._model.vocab  # noqa: SLF001 - the binding has no public name for it

    def _special_tokens(self) -> list[str]:
        marks = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>")
        return [
            mark
            for mark in marks
            if len(self._llama.tokenize(mark.encode(), add_bos=False, special=True)) == 1
        ]


_RANDOM_SEED = 0xFFFFFFFF


def gpu_layers(wanted: int | str) -> int:
    """Return how many layers go to the GPU: all (-1) by `auto` if this build has one to use."""
    if wanted != "auto":
        return int(wanted)
    return -1 if llama_cpp.llama_supports_gpu_offload() else 0
