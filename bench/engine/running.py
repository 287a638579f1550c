"""A scheduler over a model, for as long as something is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.engine.kv_tiers import KVTiers, TierSizes
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.scheduler import Scheduler, SchedulerOptions
from services.engine.scheduler_stats import SchedulerStats
from services.engine.threads import FreeCores


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
