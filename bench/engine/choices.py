"""Choices that machines may answer differently: to draft from the passages, to pick in the graph.

`drafts`: answers that copy their passage, with and without drafts, 1, 2 and 4 at once. `picking`: a
step of 16 texts, tokens picked by us from the logits against llama.cpp's samplers in the compute
graph (`llama_set_sampler`), greedy and with temperature.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from bench.engine.running import Room, held_as, running
from services.domain.answers import Sampling
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.prefix_tree import Tokens
from services.engine.writing import Order, Writing

_TEXTS_IN = Path(__file__).parents[2] / "docs"
_DRAFT, _COPIED, _ROUNDS = 8, 96, 3
_TEXTS, _STEPS, _LEAST_STEPS = 16, 24, 4
_PROMPT = 64
_SAMPLED = Sampling(temperature=0.8, seed=1)


def drafts(file: Path, threads: int, layers: int) -> dict[str, Any]:
    """Return how many times faster copied answers are with drafts, for 1, 2 and 4 at once."""
    told: dict[str, Any] = {"load": "drafts"}
    took: dict[tuple[int, int], list[float]] = {}
    texts: dict[tuple[int, int], list[bytes]] = {}
    for _ in range(_ROUNDS):
        for size in (0, _DRAFT):
            room = Room(4, 8, 1024, size)
            with running(file, threads, layers, room) as (scheduler, context):
                for answers in (1, 2, 4):
                    orders = [_copying(context, at) for at in range(answers)]
                    began = time.perf_counter()
                    writings = [scheduler.submit(order) for order in orders]
                    texts[size, answers] = [_read(one) for one in writings]
                    took.setdefault((size, answers), []).append(time.perf_counter() - began)
    for answers in (1, 2, 4):
        without, with_drafts = (statistics.median(took[size, answers]) for size in (0, _DRAFT))
        told[f"times_{answers}"] = round(without / with_drafts, 2)
        told[f"equal_{answers}"] = texts[0, answers] == texts[_DRAFT, answers]
    return told


def _copying(context: LlamaContext, at: int) -> Order:
    passage = _passages()[at]
    text = (
        "<|im_start|>user\nRepeat this text word for word, and nothing else:\n\n"
        f"{passage}<|im_end|>\n<|im_start|>assistant\n"
    )
    return Order(context.tokens(text, trusted=True), Sampling(max_tokens=_COPIED), str(at))


def _passages() -> list[str]:
    files = sorted(_TEXTS_IN.glob("adr/*.md"))
    paragraphs = [part for file in files for part in file.read_text(encoding="utf-8").split("\n\n")]
    return [one for one in paragraphs if one.isascii() and 100 < len(one) < 700]  # noqa: PLR2004


def _read(writing: Writing) -> bytes:
    for _ in writing.steps(lambda: False):
        pass
    return writing.tokens.tobytes()


def picking(file: Path, threads: int, layers: int) -> dict[str, Any]:
    """Return the milliseconds of a step of 16 texts, decoding and picking, each way."""
    options = ContextOptions(
        cells=_TEXTS * 256,
        sequences=_TEXTS,
        threads=threads,
        gpu_layers=layers,
        flash_attention=layers != 0,
        unified=layers != 0,
        weights=held_as(file, layers),
    )
    context = LlamaContext(file, options)
    told: dict[str, Any] = {"load": "picking", "texts": _TEXTS}
    for name, sampling in (("greedy", Sampling()), ("sampled", _SAMPLED)):
        told[f"{name}_by_us_ms"] = round(_by_us_ms(context, sampling), 2)
        told[f"{name}_in_graph_ms"] = round(_in_graph_ms(context, sampling), 2)
    context.close()
    return told


def _by_us_ms(context: LlamaContext, sampling: Sampling) -> float:
    samplers = [context.sampler(sampling) for _ in range(_TEXTS)]

    def pick(at: int) -> int:
        return samplers[at].pick(context.logits(at))

    took = _step_ms(context, pick)
    for one in samplers:
        one.close()
    return took


def _in_graph_ms(context: LlamaContext, sampling: Sampling) -> float:
    """Return nan where llama.cpp refuses a sampler."""
    ctx = context._ctx  # noqa: SLF001 - the engine itself has no use for it
    chains = [_chain(sampling, at) for at in range(_TEXTS)]
    taken = [llama_cpp.llama_set_sampler(ctx, at, chain) for at, chain in enumerate(chains)]
    pick = partial(llama_cpp.llama_get_sampled_token_ith, ctx)
    took = _step_ms(context, pick) if all(taken) else float("nan")
    for at, chain in enumerate(chains):
        llama_cpp.llama_set_sampler(ctx, at, None)
        llama_cpp.llama_sampler_free(chain)
    return took


def _chain(sampling: Sampling, seed: int) -> object:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    parts = [llama_cpp.llama_sampler_init_greedy()]
    if sampling.temperature > 0:
        parts = [
            llama_cpp.llama_sampler_init_top_k(sampling.top_k),
            llama_cpp.llama_sampler_init_temp(sampling.temperature),
            llama_cpp.llama_sampler_init_dist(seed),
        ]
    for part in parts:
        llama_cpp.llama_sampler_chain_add(chain, part)
    return chain


def _step_ms(context: LlamaContext, pick: Callable[[int], int]) -> float:
    chance = np.random.default_rng(5)
    context.clear()
    for at in range(_TEXTS):
        context.decode([Row(at, 0, chance.integers(100, 40_000, _PROMPT).astype(np.int32), 1)])
    due: Sequence[int] = [100 + at for at in range(_TEXTS)]
    took = []
    for step in range(_STEPS):
        rows = [Row(at, _PROMPT + step, _one(due[at]), 1) for at in range(_TEXTS)]
        began = time.perf_counter()
        context.decode(rows)
        due = [int(pick(at)) for at in range(_TEXTS)]
        took.append(time.perf_counter() - began)
    return statistics.median(took[_LEAST_STEPS:]) * 1000


def _one(token: int) -> Tokens:
    return np.array([token], dtype=np.int32)
