"""From the size of a company to machines: exact search on GPUs, answers of one model on GPUs."""

import math
from dataclasses import dataclass

from bench.scale.queueing import Batching, needed

_HOURS = 730
_GB = 1e9
# A person waits for the first words; the search must not be what they wait for.
_SEARCH_S = 0.2
_MOST_STEP_S = _SEARCH_S / 2
# Within which 95 of 100 answers are whole, in times of an answer that waits for nobody.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured on one machine, and what it is said to cost.

    `scan_s` is the time that a batch of `searched_at_once` questions adds for each row;
    `answer_s` that of `answered_at_once` answers together.
    """

    machine: str
    memory_gb: float
    vector_bytes: int
    scan_s: float
    searched_at_once: int
    answer_s: float
    answered_at_once: int
    eur_hour: float
    watts: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a size takes. GPUs that search hold nothing else; money and power are of all GPUs."""

    passages: int
    per_minute: int
    shards: int
    replicas: int
    answering: int
    step_s: float
    eur_month: float
    joules_a_question: float

    @property
    def searching(self) -> int:
        """How many GPUs search."""
        return self.shards * self.replicas


def plan(passages: int, per_minute: int, costs: Costs) -> Plan:
    """Return the fewest GPUs: each question is searched in every shard of one replica."""
    rate = per_minute / 60
    by_memory = passages * costs.vector_bytes / (costs.memory_gb * _GB)
    by_time = passages * costs.scan_s / _MOST_STEP_S
    shards = max(1, math.ceil(max(by_memory, by_time)))
    step_s = passages / shards * costs.scan_s
    replicas = needed(rate, Batching(costs.searched_at_once, step_s), _SEARCH_S)
    answer = Batching(costs.answered_at_once, costs.answer_s)
    answering = needed(rate, answer, _PATIENCE * costs.answer_s)
    gpus = shards * replicas + answering
    return Plan(
        passages=passages,
        per_minute=per_minute,
        shards=shards,
        replicas=replicas,
        answering=answering,
        step_s=step_s,
        eur_month=gpus * costs.eur_hour * _HOURS,
        joules_a_question=gpus * costs.watts / rate,
    )
