"""Fits a model to this machine: by the ledger what there is room for, by the probe what is fast."""

from dataclasses import dataclass, replace
from pathlib import Path

from services.engine.devices import free_memory, machine_key
from services.engine.ledger import Memory, ModelShape, Plan, Wish, plan, score_bytes
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_shape import shape_of
from services.engine.llama_cpp_weights import AS_FILED, ways, weight_bytes
from services.engine.probing import Choices, Findings, by_rule, measured, recalled, remember
from services.engine.threads import FreeCores

# Other processes that use so much of a core make measuring pointless.
_BUSY_CORES = 0.5
# Scores may take this part of the free memory.
_SCORE_SHARE = 16
_PROBE_CELLS = 256


@dataclass(frozen=True, slots=True)
class Probe:
    """Where findings are kept, of which model; flash attention: auto, on or off; where what is made
    from the model is kept.

    What is not kept there is measured, or goes by rule if *measures* is false.
    """

    kept: Path
    model_key: str
    flash: str = "auto"
    measures: bool = True
    made: Path | None = None


def fitted(file: Path, wish: Wish, probe: Probe, cores: FreeCores) -> tuple[Plan, Findings]:
    """Return how the model is run in the memory that is free now, and what runs fastest.

    Takes seconds where nothing was measured before. ModelFileError if the file will not load.
    """
    shape, memory = shape_of(file), free_memory()
    planned = plan(shape, replace(wish, kv_type=_ruled(wish.kv_type)), memory)
    held = ways(shape, memory.host) if planned.gpu_layers == 0 else (AS_FILED,)
    flashes = flash_ways(probe.flash, shape, planned, memory)
    choices = replace(
        _choices(wish, planned, flashes, cores), weights=held, pooled_flash=probe.flash != "off"
    )
    found = _found(file, probe, choices, planned.gpu_layers, cores)
    pool = "unified" if found.unified else wish.pool
    shape = replace(shape, weights=weight_bytes(shape, found.weights))
    chosen = replace(wish, kv_type=found.kv_type, pool=pool, flash=found.flash_attention)
    return plan(shape, chosen, memory), found


def flash_ways(wanted: str, shape: ModelShape, planned: Plan, memory: Memory) -> tuple[bool, ...]:
    """Return whether flash attention is *wanted* (auto, on or off) or may be chosen, the likeliest
    first.

    On a CPU llama.cpp's reads up to 63 tokens of a text one by one, and rounds them otherwise than
    more (`docs/engine.md`): pools of their own do without it wherever the scores fit. The probe is
    not asked, as its short texts cost the same either way. Without it, a pool for all costs
    everybody's cells, and long windows cost memory.
    """
    if wanted != "auto":
        return (wanted == "on",)
    if planned.gpu_layers:
        return (True, False)
    fits = score_bytes(shape, planned.window) <= memory.host // _SCORE_SHARE
    return (planned.unified or not fits,)


def _found(
    file: Path, probe: Probe, choices: Choices, gpu_layers: int, cores: FreeCores
) -> Findings:
    key = f"{probe.model_key}|{machine_key()}|{gpu_layers}|{choices.pools}"
    key += f"|{choices.kv_types}|{choices.flash}|{choices.pooled_flash}|{choices.weights}"
    kept, is_busy = recalled(probe.kept, key), cores.others > _BUSY_CORES
    # What was found on a busy machine holds until a start on a calm one.
    if kept is not None and (kept[1] or is_busy or not probe.measures):
        return kept[0]
    if not probe.measures:
        return replace(by_rule(choices), threads=cores.most)
    options = ContextOptions(
        _PROBE_CELLS, 1, cores.most, gpu_layers, weights=choices.weights[0], made=probe.made
    )
    context = LlamaContext(file, options)
    try:
        found = measured(context, options, choices)
    finally:
        context.close()
    calm = cores.others <= _BUSY_CORES
    if not calm:
        # The engine watches the cores itself: their number now says nothing of later.
        found = replace(found, threads=cores.most)
    remember(probe.kept, key, found, calm=calm)
    return found


def _choices(wish: Wish, planned: Plan, flash: tuple[bool, ...], cores: FreeCores) -> Choices:
    """Return what the probe may choose from: what neither a setting nor the memory rules out."""
    kv_types = ("f16", "q8_0") if wish.kv_type == "auto" else (wish.kv_type,)
    # llama.cpp holds quantised values only with flash attention.
    flashes = (True,) if kv_types[0] == "q8_0" else flash
    may_split = wish.pool == "auto" and not planned.unified
    pools = (False, True) if may_split else (planned.unified,)
    threads = tuple(dict.fromkeys((cores.free, cores.most, max(1, cores.most // 2), 1)))
    if flashes == (False,):
        kv_types = kv_types[:1]
    return Choices(pools, kv_types, threads, flashes)


def _ruled(kv_type: str) -> str:
    """Return the type of KV that holds where nothing was measured."""
    return "f16" if kv_type == "auto" else kv_type
