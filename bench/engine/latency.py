"""How soon a document that is asked about again is answered, and how streams fare meanwhile."""

import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.engine.running import Room, Saved, running
from services.domain.answers import Sampling
from services.engine.kv_tiers import TierSizes
from services.engine.prefix_tree import Tokens
from services.engine.scheduler import Scheduler
from services.engine.writing import Order

_DOCUMENT, _QUESTION, _LONG = 3000, 40, 4000
_WINDOW = 4608
_STREAMS, _WRITTEN, _PROMPTS_GPU = 4, 4200, 12
# Streams are watched alone for so many tokens each, or so many seconds.
_SETTLED, _ALONE_S = 600, 12.0
_GIB = 1 << 30
# States are saved beside the answers, by a thread of their own.
_SAVED_S = 2.0


def latencies(file: Path, threads: int, layers: int) -> list[dict[str, Any]]:
    """Return first-token times from each tier against none, and gaps with and without a prompt."""
    found = [_first_tokens(file, threads, layers), _gaps(file, threads, layers)]
    for one in found:
        print(one, flush=True)
    return found


def _first_tokens(file: Path, threads: int, layers: int) -> dict[str, Any]:
    chance = np.random.default_rng(5)
    document = chance.integers(100, 40_000, _DOCUMENT).astype(np.int32)

    def asked() -> Tokens:
        question = chance.integers(100, 40_000, _QUESTION).astype(np.int32)
        return np.concatenate((document, question))

    def other() -> Tokens:
        return chance.integers(100, 40_000, 64).astype(np.int32)

    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        saved = Saved(Path(name), TierSizes(_GIB, _GIB))
        with running(file, threads, layers, Room(1, 2, _WINDOW), saved) as (scheduler, _):
            # A GPU loads its kernels with the first prompt.
            _first(scheduler, other())
            took["none"] = _first(scheduler, asked())
            took["resident"] = _first(scheduler, asked())
            for _ in range(3):
                _first(scheduler, other())
            time.sleep(_SAVED_S)
            took["host"] = _first(scheduler, asked())
        with running(file, threads, layers, Room(1, 2, _WINDOW), saved) as (scheduler, _):
            _first(scheduler, other())
            took["disk"] = _first(scheduler, asked())
    shares = {f"{tier}_share": round(took[tier] / took["none"], 3) for tier in took}
    return {"load": "first token", **{k: round(v, 3) for k, v in took.items()}, **shares}


def _first(scheduler: Scheduler, tokens: Tokens) -> float:
    began = time.perf_counter()
    steps = scheduler.submit(Order(tokens, Sampling(max_tokens=2))).steps(lambda: False)
    next(steps)
    seconds = time.perf_counter() - began
    list(steps)
    return seconds


def _gaps(file: Path, threads: int, layers: int) -> dict[str, Any]:
    """Return the 99th percentile between tokens of four streams, alone and beside prompts."""
    chance = np.random.default_rng(6)

    def drawn(length: int) -> Order:
        tokens = chance.integers(100, 40_000, length).astype(np.int32)
        return Order(tokens, Sampling(max_tokens=2 if length == _LONG else _WRITTEN))

    with running(file, threads, layers, Room(5, 6, _WINDOW)) as (scheduler, _):
        gaps: list[tuple[float, float]] = []
        _first(scheduler, drawn(_LONG).tokens)
        streams = [scheduler.submit(drawn(300)) for _ in range(_STREAMS)]
        readers = [threading.Thread(target=_read, args=(one, gaps)) for one in streams]
        for one in readers:
            one.start()
        until = time.perf_counter() + _ALONE_S
        while len(gaps) < _SETTLED * _STREAMS and time.perf_counter() < until:
            time.sleep(0.02)
        settled = [gap for _, gap in gaps[len(gaps) // 3 :]]
        spans = []
        # A CPU reads one for a minute; of a GPU's, one has too few tokens beside it.
        for _ in range(_PROMPTS_GPU if layers else 1):
            begins = time.perf_counter()
            next(scheduler.submit(drawn(_LONG)).steps(lambda: False))
            spans.append((begins, time.perf_counter()))
        for stream in streams:
            stream.left.set()
        for one in readers:
            one.join()
    beside = [gap for at, gap in gaps if any(begins < at < ends for begins, ends in spans)]
    alone_s, beside_s = _high(settled), _high(beside)
    return {
        "load": "streams beside a 4k prompt",
        "tokens": [len(settled), len(beside)],
        "alone_p99_ms": round(alone_s * 1000, 1),
        "beside_p99_ms": round(beside_s * 1000, 1),
        "times": round(beside_s / alone_s, 2),
        "median_times": round(statistics.median(beside) / statistics.median(settled), 2),
        "prompt_s": round(statistics.median(ends - begins for begins, ends in spans), 2),
    }


def _read(stream: Any, gaps: list[tuple[float, float]]) -> None:  # noqa: ANN401 - a Writing
    last = None
    for step in stream.steps(lambda: False):
        now = time.perf_counter()
        if last is not None and step.finish is None:
            gaps.append((now, now - last))
        last = now


def _high(gaps: list[float]) -> float:
    return sorted(gaps)[int(len(gaps) * 0.99)]
