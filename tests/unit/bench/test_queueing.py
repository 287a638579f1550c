"""Servers that work on what waits together."""

import numpy as np
import pytest

from bench.scale.planning import Costs, plan
from bench.scale.queueing import Batching, needed, responses

COSTS = Costs(
    machine="a machine",
    memory_gb=1.0,
    vector_bytes=1000,
    scan_s=1e-8,
    searched_at_once=64,
    answer_s=2.0,
    answered_at_once=16,
    eur_hour=1.0,
    watts=100.0,
)


def test_one_server_of_one_waits_as_the_formula_says() -> None:
    # M/D/1: mean response = s + s * rho / (2 * (1 - rho)) (Pollaczek and Khinchine).
    took = responses(rate=0.5, servers=1, kind=Batching(1, 1.0), arrivals=200_000)

    assert np.mean(took) == pytest.approx(1.5, rel=0.03)


def test_who_comes_alone_is_answered_at_once() -> None:
    took = responses(rate=0.001, servers=2, kind=Batching(16, 1.0), arrivals=1000)

    assert np.percentile(took, 95) == pytest.approx(1.0, abs=0.05)


def test_a_batch_serves_many_and_more_servers_more() -> None:
    kind = Batching(16, 1.0)

    few, many = needed(10, kind, 2.0), needed(1000, kind, 2.0)

    assert few == 1
    assert 1000 / 16 <= many <= 1.2 * 1000 / 16
    with pytest.raises(ValueError, match=r"more than 0\.5 s"):
        needed(10, kind, 0.5)


def test_memory_and_time_ask_for_shards() -> None:
    small = plan(10**5, 10, COSTS)
    large = plan(10**8, 10, COSTS)

    assert (small.shards, small.replicas, small.answering) == (1, 1, 1)
    assert small.eur_month == 2 * 730
    assert small.joules_a_question == pytest.approx(2 * 100 / (10 / 60))
    # 100 GB by memory, 10 by time.
    assert large.shards == 100
    assert large.step_s == pytest.approx(0.01)
