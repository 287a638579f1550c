"""Servers that take what waits together: how long people wait, how many servers it takes."""

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_ARRIVALS = 20_000
_ROUNDS = 20
# Servers that are added at each try beyond those that would be busy all the time.
_GROWTH = 1.05
_P95 = 95


@dataclass(frozen=True, slots=True)
class Batching:
    """A server that works on up to *batch* requests at once, *seconds* for all of them."""

    batch: int
    seconds: float


def responses(
    rate: float, servers: int, kind: Batching, arrivals: int, seed: int = 0
) -> NDArray[np.float64]:
    """Return the seconds from arrival to answer of each of *arrivals* requests.

    They come as a Poisson process of *rate* a second; the server that is free first takes those
    that wait, the oldest first.
    """
    chance = np.random.default_rng(seed)
    came = np.cumsum(chance.exponential(1 / rate, arrivals))
    took = np.empty(arrivals)
    free = [0.0] * servers
    first = 0
    while first < arrivals:
        begins = max(free[0], came[first])
        waiting = int(np.searchsorted(came, begins, side="right"))
        last = max(first + 1, min(waiting, first + kind.batch))
        ends = begins + kind.seconds
        heapq.heapreplace(free, ends)
        took[first:last] = ends - came[first:last]
        first = last
    return took


def needed(rate: float, kind: Batching, target_s: float) -> int:
    """Return the fewest servers (within 5 %) by which 95 of 100 are answered in *target_s*.

    ValueError if no number of servers can: one step takes longer.
    """
    if kind.seconds > target_s:
        message = f"a step takes {kind.seconds:.3g} s, more than {target_s:g} s"
        raise ValueError(message)
    servers = max(1, math.ceil(rate * kind.seconds / kind.batch))
    while True:
        arrivals = max(_LEAST_ARRIVALS, _ROUNDS * servers * kind.batch)
        if np.percentile(responses(rate, servers, kind, arrivals), _P95) <= target_s:
            return servers
        servers = max(servers + 1, math.ceil(servers * _GROWTH))
