"""A scheduler over a model, for as long as something is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.engine.devices import free_memory
from services.engine.kv_tiers import KVTiers, TierSizes
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_shape import shape_of
from services.engine.llama_cpp_weights import AS_FILED, ways
from services.engine.scheduler import Scheduler, SchedulerOptions
from services.engine.scheduler_stats import SchedulerStats
from services.engine.threads import FreeCores


def held_as(file: Path, layers: int) -> str:
    """Return as what the service holds the weights where it has not measured."""
    return ways(shape_of(file), free_memory().host)[0] if layers == 0 else AS_FILED


@dataclass(frozen=True, slots=True)
class Room:
    """So many answers at once, in so many sequences of so many tokens, with drafts of so many."""

    answers: int
    sequences: int
    window: int
    draft_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """Where states are kept; by default nowhere."""

    folder: Path | None = None
    sizes: TierSizes = field(default_factory=TierSizes)


@contextmanager
def running(
    file: Path, threads: int, layers: int, room: Room, saved: Saved | None = None
) -> Iterator[tuple[Scheduler, LlamaContext]]:
    """Yield a scheduler and its context; in pools of their own where there is no GPU."""
    options = ContextOptions(
        cells=room.sequences * room.window,
        sequences=room.sequences,
        threads=threads,
        gpu_layers=layers,
        unified=layers != 0,
        flash_attention=layers != 0,
        weights=held_as(file, layers),
    )
    context = LlamaContext(file, options)
    kept = saved or Saved()
    tiers = KVTiers(kept.folder, kept.sizes, "")
    scheduling = SchedulerOptions(room.answers, FreeCores(threads), draft_tokens=room.draft_tokens)
    scheduler = Scheduler(context, tiers, scheduling, SchedulerStats())
    try:
        yield scheduler, context
    finally:
        scheduler.close()
        tiers.close()
        context.close()
