"""What the scheduler counts, for metrics, `footnote doctor` and the bench."""

import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.engine.writing import Writing

if TYPE_CHECKING:
    from services.engine.kv_room import KVRoom

# Samples of the newest steps that medians are taken of.
_KEPT = 2048


@dataclass(slots=True)
class SchedulerStats:
    """Counts since the start, and samples of the newest steps. Written by one thread."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    drafted_tokens: int = 0
    draft_hits: int = 0
    preempted: int = 0
    failures: int = 0
    steps: int = 0
    decode_s: float = 0.0
    picking_s: float = 0.0
    running: int = 0
    waiting: int = 0
    overheads_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    gaps_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    first_tokens_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    stream_s: float = 0.0
    _room: "KVRoom | None" = None
    _last: dict[int, float] = field(default_factory=dict)
    _step_ended: float = 0.0

    def figures(self) -> dict[str, float]:
        """Return counts and gauges by name, seconds in seconds; medians are of the newest steps."""
        prompt_s = max(self.decode_s - self.stream_s, 0.0)
        return {
            "prompt_tokens_total": self.prompt_tokens,
            "cached_tokens_total": self.cached_tokens,
            "written_tokens_total": self.written_tokens,
            "drafted_tokens_total": self.drafted_tokens,
            "draft_hits_total": self.draft_hits,
            "preempted_total": self.preempted,
            "failures_total": self.failures,
            "steps_total": self.steps,
            "decode_seconds_total": self.decode_s,
            "picking_seconds_total": self.picking_s,
            "running": self.running,
            "waiting": self.waiting,
            "prefill_tokens_per_second": self.prompt_tokens / prompt_s if prompt_s else 0.0,
            "step_overhead_seconds": _middle(self.overheads_s),
            "between_tokens_seconds": _middle(self.gaps_s),
            "first_token_seconds": _middle(self.first_tokens_s),
            **(_held(self._room) if self._room is not None else {}),
        }

    def watch(self, room: "KVRoom") -> None:
        """Tell from now on what *room* holds, when somebody asks."""
        self._room = room

    def admitted(self, writing: Writing) -> None:
        """Note a prompt that begins, and how much of it need not be read."""
        self.cached_tokens += writing.position

    def stepped(self, streams: int, prompt: int, decode_s: float, picking_s: float) -> None:
        """Note a step: its tokens of answers and of prompts, the time of decoding and picking."""
        self.steps += 1
        self.prompt_tokens += prompt
        self.decode_s += decode_s
        self.stream_s += decode_s * streams / max(1, streams + prompt)
        now = time.perf_counter()
        if self._step_ended:
            self.overheads_s.append(now - self._step_ended - decode_s - picking_s)
        self._step_ended = now

    def rested(self) -> None:
        """Note that there was nothing to do: the time until the next step is not overhead."""
        self._step_ended = 0.0

    def wrote(self, writing: Writing) -> None:
        """Note the time between two tokens of one answer."""
        self.written_tokens += 1
        now = time.perf_counter()
        before = self._last.get(writing.number)
        if before is None:
            self.first_tokens_s.append(now - writing.arrived_s)
        else:
            self.gaps_s.append(now - before)
        self._last[writing.number] = now

    def ended(self, writing: Writing) -> None:
        """Note that an answer has left the batch."""
        self._last.pop(writing.number, None)

    def drafted(self, tokens: int, right: int) -> None:
        """Note a draft and how much of it was right."""
        self.drafted_tokens += tokens
        self.draft_hits += right


def _held(room: "KVRoom") -> dict[str, float]:
    return {
        "restored_prefixes_total": room.restored,
        "kv_cells_used": room.tree.cells,
        "kv_cells": room.context.capacity,
        "kv_evicted_cells_total": room.evicted,
        "kv_host_bytes": room.tiers.host_bytes,
        "kv_disk_bytes": room.tiers.disk_bytes,
    }


def _middle(samples: deque[float]) -> float:
    return statistics.median(samples) if samples else 0.0
