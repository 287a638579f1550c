"""Who is measured: Footnote's engine, llama_cpp.server, and one `Llama` after another."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx2
import llama_cpp

from bench.engine.loads import Load
from bench.engine.running import held_as
from services.domain.answers import Sampling
from services.engine.kv_tiers import KVTiers, TierSizes
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.prefix_tree import Tokens
from services.engine.scheduler import Scheduler, SchedulerOptions
from services.engine.scheduler_stats import SchedulerStats
from services.engine.threads import FreeCores
from services.engine.writing import Order

_WINDOW = 4096
_RESTING = 4


@dataclass(frozen=True, slots=True)
class Done:
    """What a load took: wall seconds, prompt tokens read (0: not known) and tokens written."""

    seconds: float
    read: int
    written: int


class Peer(Protocol):
    """Someone who answers a load."""

    def run(self, load: Load) -> Done:
        """Answer all prompts of *load*, the rounds one after another."""
        ...


class FootnoteEngine:
    """The scheduler over one context, in this process."""

    def __init__(self, file: Path, answers: int, threads: int, gpu_layers: int) -> None:
        sequences = answers + (_RESTING if gpu_layers == 0 else 3 * answers)
        self._context = LlamaContext(
            file,
            ContextOptions(
                cells=sequences * _WINDOW if gpu_layers == 0 else 8 * _WINDOW,
                sequences=sequences,
                threads=threads,
                gpu_layers=gpu_layers,
                unified=gpu_layers != 0,
                flash_attention=gpu_layers != 0,
                weights=held_as(file, gpu_layers),
            ),
        )
        self.stats = SchedulerStats()
        self._tiers = KVTiers(None, TierSizes(), "")
        options = SchedulerOptions(answers, FreeCores(threads))
        self._scheduler = Scheduler(self._context, self._tiers, options, self.stats)

    def run(self, load: Load) -> Done:
        """Answer a load."""
        began, read, written = time.perf_counter(), self.stats.prompt_tokens, 0
        sampling = Sampling(max_tokens=load.tokens, logit_bias=())
        for prompts in load.rounds:
            running = [self._scheduler.submit(Order(prompt, sampling)) for prompt in prompts]
            for one in running:
                written += list(one.steps(lambda: False))[-1].completion_tokens
        return Done(time.perf_counter() - began, self.stats.prompt_tokens - read, written)

    def close(self) -> None:
        """Free the model."""
        self._scheduler.close()
        self._tiers.close()
        self._context.close()


class SerialLlama:
    """One `Llama`, one prompt after another, with its own reuse of the last prompt's prefix."""

    def __init__(self, file: Path, threads: int, gpu_layers: int) -> None:
        self._llama = llama_cpp.Llama(
            model_path=str(file),
            n_ctx=_WINDOW,
            n_threads=threads,
            n_threads_batch=threads,
            n_gpu_layers=gpu_layers,
            # As Footnote has it: the default leaves it off.
            flash_attn=True,
            verbose=False,
        )

    def run(self, load: Load) -> Done:
        """Answer a load."""
        began, written = time.perf_counter(), 0
        for prompt in load.prompts:
            for count, _ in enumerate(self._llama.generate(prompt.tolist(), temp=0.0), 1):
                written += 1
                if count == load.tokens:
                    break
        return Done(time.perf_counter() - began, 0, written)

    def close(self) -> None:
        """Free the model."""
        self._llama.close()


class LlamaServer:
    """`llama_cpp.server` over HTTP, as many clients at once as a round has prompts."""

    def __init__(self, url: str, speller: LlamaContext) -> None:
        self._url = url
        self._speller = speller

    def run(self, load: Load) -> Done:
        """Answer a load; prompts go as text, which comes back to nearly the same tokens."""
        began, written = time.perf_counter(), 0
        for prompts in load.rounds:
            with ThreadPoolExecutor(len(prompts)) as pool:
                written += sum(pool.map(lambda one: self._ask(one, load.tokens), prompts))
        return Done(time.perf_counter() - began, 0, written)

    def _ask(self, prompt: Tokens, tokens: int) -> int:
        text = b"".join(self._speller.piece(int(token)) for token in prompt)
        body = {"prompt": text.decode(errors="ignore"), "max_tokens": tokens, "temperature": 0.0}
        reply = httpx2.post(f"{self._url}/v1/completions", json=body, timeout=3600)
        reply.raise_for_status()
        return int(reply.json()["usage"]["completion_tokens"])


@contextmanager
def llama_server(file: Path, threads: int, gpu_layers: int) -> Iterator[LlamaServer]:
    """Run `llama_cpp.server` on a free port of 127.0.0.1 and end it."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(file), "--port", str(port)]
    command += ["--n_ctx", str(_WINDOW), "--n_threads", str(threads), "--host", "127.0.0.1"]
    command += ["--n_threads_batch", str(threads), "--n_gpu_layers", str(gpu_layers)]
    command += ["--flash_attn", "True"]
    # It interrupts a running answer for a new one by default: here all are to be answered.
    command += ["--interrupt_requests", "False", "--verbose", "False"]
    speller = LlamaContext(file, ContextOptions(cells=256, sequences=1, threads=1))
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
        try:
            _wait_for(port)
            yield LlamaServer(f"http://127.0.0.1:{port}", speller)
        finally:
            process.terminate()
            process.wait(30)
            speller.close()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    message = "llama_cpp.server did not start in 120 seconds."
    raise TimeoutError(message)
