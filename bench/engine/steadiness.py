"""What must hold at length: streaming costs little, a batch changes no text, nothing leaks."""

import os
import random
import statistics
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from bench.engine.running import Room, held_as, running
from services.domain.answers import Sampling
from services.domain.errors import EngineError
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.prefix_tree import Tokens, common
from services.engine.scheduler import Scheduler
from services.engine.writing import Order, Writing

_FIRST, _LAST = 100, 40_000
_STREAMS, _STREAM_TOKENS, _STREAM_PROMPT = 64, 48, 32
_PROMPTS, _TEXT_TOKENS = 100, 24
_LEFT_EARLY = 0.3
_ON_DOCUMENTS = 0.7
_ROUNDS = 3
_RESTING = 4


def streaming(file: Path, threads: int, layers: int) -> dict[str, Any]:
    """Return what reading every token as it comes costs 64 streams, against reading at the end."""
    chance = np.random.default_rng(11)
    took: dict[bool, list[float]] = {True: [], False: []}
    with running(file, threads, layers, Room(_STREAMS, _STREAMS + _RESTING, 256)) as (scheduler, _):
        for _round in range(_ROUNDS):
            for streams in (True, False):
                prompts = [_drawn(chance, _STREAM_PROMPT) for _ in range(_STREAMS)]
                took[streams].append(_streamed(scheduler, prompts, streams=streams))
    each, at_end = (statistics.median(took[streams]) for streams in (True, False))
    return {
        "load": "streaming",
        "streams": _STREAMS,
        "each_token_s": round(each, 2),
        "at_the_end_s": round(at_end, 2),
        "loss": round(each / at_end - 1, 3),
    }


def _streamed(scheduler: Scheduler, prompts: Sequence[Tokens], *, streams: bool) -> float:
    began = time.perf_counter()
    sampling = Sampling(max_tokens=_STREAM_TOKENS)
    writings = [scheduler.submit(Order(prompt, sampling)) for prompt in prompts]
    if streams:
        readers = [threading.Thread(target=_read, args=(one,)) for one in writings]
        for one in readers:
            one.start()
        for one in readers:
            one.join()
    else:
        for writing in writings:
            _wait_for(writing)
    return time.perf_counter() - began


def _read(writing: Writing) -> None:
    for _ in writing.steps(lambda: False):
        pass


def _wait_for(writing: Writing) -> None:
    """Wait without reading; then read what has gathered."""
    while (writing.written < writing.most and writing.sequence >= 0) or not writing.written:
        time.sleep(0.02)
    _read(writing)


def equality(file: Path, threads: int, layers: int) -> dict[str, Any]:
    """Return how many of 100 greedy texts are the same in a batch as alone, and how near the tie
    was where they part (the difference of the two best log probabilities).
    """
    chance = np.random.default_rng(12)
    document = _drawn(chance, 200)
    prompts = [np.concatenate((document, _drawn(chance, 20))) for _ in range(_PROMPTS)]
    sampling = Sampling(max_tokens=_TEXT_TOKENS)
    with running(file, threads, layers, Room(16, 16 + _RESTING, 512)) as (scheduler, _):
        writings = [scheduler.submit(Order(prompt, sampling)) for prompt in prompts]
        together = [_tokens(one) for one in writings]
    with running(file, threads, layers, Room(1, 1 + _RESTING, 512)) as (scheduler, _):
        alone = [_tokens(scheduler.submit(Order(prompt, sampling))) for prompt in prompts]
    gaps = _gaps(file, layers, together, alone)
    return {
        "load": "equality",
        "prompts": _PROMPTS,
        "equal": _PROMPTS - len(gaps),
        "largest_gap_where_they_part": round(max(gaps, default=0.0), 3),
    }


def _tokens(writing: Writing) -> Tokens:
    _read(writing)
    return writing.tokens.copy()


def _gaps(
    file: Path, layers: int, together: Sequence[Tokens], alone: Sequence[Tokens]
) -> list[float]:
    options = ContextOptions(
        cells=512,
        sequences=1,
        threads=1,
        gpu_layers=layers,
        flash_attention=layers != 0,
        unified=layers != 0,
        weights=held_as(file, layers),
    )
    context = LlamaContext(file, options)
    gaps = []
    for one, other in zip(together, alone, strict=True):
        same = common(one, other)
        if same == len(one) == len(other):
            continue
        context.clear()
        context.decode([Row(0, 0, one[:same], 1)])
        best = np.sort(context.logits(same - 1))[-2:]
        gaps.append(float(best[1] - best[0]))
    context.close()
    return gaps


def soak(file: Path, threads: int, layers: int, seconds: float) -> dict[str, Any]:
    """Return what mixed load with people who leave does to the engine in so many *seconds*."""
    counts = {"answered": 0, "left": 0, "failed": 0}
    chance = np.random.default_rng(13)
    documents = [_drawn(chance, 400) for _ in range(6)]
    samples: list[tuple[float, float]] = []
    with running(file, threads, layers, Room(16, 16 + _RESTING, 1024)) as (scheduler, context):
        until = time.monotonic() + seconds
        people = [
            threading.Thread(target=_person, args=(scheduler, documents, seed, until, counts))
            for seed in range(24)
        ]
        for one in people:
            one.start()
        began = time.monotonic()
        while time.monotonic() < until:
            time.sleep(min(2.0, seconds / 50))
            samples.append((time.monotonic() - began, _resident_mib()))
        for one in people:
            one.join(60)
        stuck = sum(one.is_alive() for one in people)
        time.sleep(1)
        leaked = _leaked(scheduler, context)
        failures = scheduler._stats.failures  # noqa: SLF001 - looks inside on purpose
    settled = samples[len(samples) // 3 :]
    at, resident = np.array(settled).T
    slope = np.polyfit(at, resident, 1)[0] * 60
    return {
        "load": "soak",
        "seconds": seconds,
        **counts,
        "crashed": failures,
        "stuck": stuck,
        "leaked_sequences": leaked,
        "resident_mib": round(float(resident[-1]), 1),
        "slope_mib_a_minute": round(float(slope), 3),
    }


def _person(
    scheduler: Scheduler,
    documents: Sequence[Tokens],
    seed: int,
    until: float,
    counts: dict[str, int],
) -> None:
    """Ask again and again, mostly about the documents; leave early every third time or so."""
    draw, chance = random.Random(seed), np.random.default_rng(seed + 100)  # noqa: S311 - no secret
    while time.monotonic() < until:
        lead = draw.choice(documents) if draw.random() < _ON_DOCUMENTS else _drawn(chance, 300)
        tokens = np.concatenate((lead, _drawn(chance, draw.randrange(5, 120))))
        sampling = Sampling(max_tokens=draw.randrange(4, 64), temperature=draw.choice((0.0, 0.8)))
        leaves = time.monotonic() + draw.random() * 2 if draw.random() < _LEFT_EARLY else until + 60
        try:
            order = Order(tokens, sampling, draw.choice(("a", "b")), str(seed % 5))
            steps = list(scheduler.submit(order).steps(partial(_is_past, leaves)))
            counts["left" if steps[-1].finish == "cancelled" else "answered"] += 1
        except EngineError:
            counts["failed"] += 1


def _is_past(moment: float) -> bool:
    return time.monotonic() > moment


def _leaked(scheduler: Scheduler, context: LlamaContext) -> int:
    """Count sequences that hold cells in llama.cpp though the scheduler has nothing in them."""
    resting = set(scheduler._room.resting)  # noqa: SLF001 - looks inside on purpose
    memory = llama_cpp.llama_get_memory(context._ctx)  # noqa: SLF001
    return sum(
        int(llama_cpp.llama_memory_seq_pos_max(memory, sequence)) >= 0
        for sequence in range(context.sequences)
        if sequence not in resting
    )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _drawn(chance: np.random.Generator, size: int) -> Tokens:
    return chance.integers(_FIRST, _LAST, size).astype(np.int32)
