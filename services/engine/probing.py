"""The start-up probe: which way of running a model is fastest on this machine, by measuring.

As what the weights are held, one pool of KV or one a sequence, flash attention or not, the KV's
type and the number of threads are tried on the model itself, with a few short texts in the context.
What was found is kept in the data folder and used until the model, llama.cpp or the machine
changes.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from services.domain.errors import EngineError, ModelFileError
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions
from services.engine.llama_cpp_weights import AS_FILED

# Texts in the context, and the tokens of each: enough for pools to differ, and soon read.
ROWS = 8
_DEPTH = 96
_CELLS = 256
_CHUNK = 24
_REPEATS = 2
# A question as it mostly comes: prompt tokens that are not at hand, tokens that are written.
_READ, _WRITTEN = 500, 64
# What is not clearly cheaper is noise.
_CLEARLY = 0.92
# Large models on slow machines are not kept from starting: the rest goes by rule.
_BUDGET_S = 8.0


class ProbedContext(Protocol):
    """A loaded model whose context can be made anew; `weights` says as what it is held."""

    @property
    def weights(self) -> str:
        """As what the weights are held now, whatever was wanted."""
        ...

    def reopen(self, options: ContextOptions) -> None:
        """Make an empty context; EngineError if it does not fit."""
        ...

    def decode(self, rows: list[Row]) -> int:
        """Read *rows*."""
        ...

    def state(self, sequence: int) -> bytes:
        """Return the KV of *sequence*."""
        ...

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put a state into *sequence*."""
        ...

    def set_threads(self, threads: int) -> None:
        """Use so many threads."""
        ...


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen: whatever a setting pins, or memory rules out, has one entry.

    The first of each is what holds where nothing was measured. `pooled_flash` says whether one
    pool for all is tried with flash attention: short texts do not show what it costs without.
    """

    pools: tuple[bool, ...]
    kv_types: tuple[str, ...]
    threads: tuple[int, ...]
    flash: tuple[bool, ...] = (True, False)
    pooled_flash: bool = True
    weights: tuple[str, ...] = (AS_FILED,)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is fastest here: `step_ms` of ROWS answers together, `read_tokens_s` of a prompt."""

    unified: bool
    flash_attention: bool
    kv_type: str
    threads: int
    weights: str = AS_FILED
    step_ms: float = 0.0
    read_tokens_s: float = 0.0

    @property
    def cost_s(self) -> float:
        """Seconds that a usual question costs."""
        return _READ / self.read_tokens_s + _WRITTEN * self.step_ms / 1000 / ROWS


def by_rule(choices: Choices) -> Findings:
    """Return what holds without measuring."""
    return Findings(
        choices.pools[0],
        choices.flash[0],
        choices.kv_types[0],
        choices.threads[0],
        choices.weights[0],
    )


def measured(context: ProbedContext, options: ContextOptions, choices: Choices) -> Findings:
    """Try one thing after another and keep what is clearly faster. Takes seconds, eight at most."""
    until = time.monotonic() + _BUDGET_S
    best = _tried(context, options, by_rule(choices))
    if best is None:
        return by_rule(choices)
    for change in _changes(choices):
        if time.monotonic() > until:
            break
        found = _tried(context, options, replace(best, **change))
        if found is not None and found.cost_s < best.cost_s * _CLEARLY:
            best = found
    return best


def _changes(choices: Choices) -> Iterator[dict[str, Any]]:
    """Yield what to change of the best so far, one thing at a time."""
    flash = {"flash_attention": choices.pooled_flash}
    yield from ({"threads": threads} for threads in choices.threads[1:])
    yield from ({"flash_attention": one} for one in choices.flash[1:])
    yield from ({"unified": unified} | flash for unified in choices.pools[1:])
    # llama.cpp holds quantised values only with flash attention.
    yield from ({"kv_type": one, "flash_attention": True} for one in choices.kv_types[1:])
    # Last, as the model is loaded anew for it.
    yield from ({"weights": weights} for weights in choices.weights[1:])


def _tried(context: ProbedContext, options: ContextOptions, way: Findings) -> Findings | None:
    """Measure one way; None if the context does not fit."""
    try:
        context.reopen(
            replace(
                options,
                cells=ROWS * _CELLS,
                sequences=ROWS,
                unified=way.unified,
                flash_attention=way.flash_attention,
                kv_type=way.kv_type,
                threads=way.threads,
                weights=way.weights,
            )
        )
    except (EngineError, ModelFileError):
        return None
    context.set_threads(way.threads)
    text = (np.arange(_DEPTH) % 97 + 100).astype(np.int32)
    if _timed(context, [Row(0, 0, text)]) > _BUDGET_S / 2:
        return None
    state = context.state(0)
    for sequence in range(1, ROWS):
        context.restore(sequence, state)
    step_s = min(_step(context, _DEPTH + at) for at in range(_REPEATS))
    start = _DEPTH + _REPEATS
    read_s = min(_read(context, start + at * _CHUNK) for at in range(_REPEATS))
    return replace(
        way,
        weights=context.weights,
        step_ms=round(step_s * 1000, 2),
        read_tokens_s=round(_CHUNK / read_s, 1),
    )


def _step(context: ProbedContext, position: int) -> float:
    token = np.full(1, 100, dtype=np.int32)
    return _timed(context, [Row(sequence, position, token, 1) for sequence in range(ROWS)])


def _read(context: ProbedContext, position: int) -> float:
    return _timed(context, [Row(0, position, np.full(_CHUNK, 101, dtype=np.int32))])


def _timed(context: ProbedContext, rows: list[Row]) -> float:
    began = time.perf_counter()
    context.decode(rows)
    return time.perf_counter() - began


def recalled(file: Path, key: str) -> tuple[Findings, bool] | None:
    """Return what was found under *key* before, and whether the machine was calm; None if there is
    nothing that fits.
    """
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return (Findings(**kept["findings"]), bool(kept["calm"])) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(file: Path, key: str, findings: Findings, *, calm: bool) -> None:
    """Keep *findings* for the next start; written aside and renamed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".part")
    aside.write_text(
        json.dumps({"key": key, "calm": calm, "findings": asdict(findings)}), encoding="utf-8"
    )
    aside.replace(file)
