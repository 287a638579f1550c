"""Questions a second, from one caller or many."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np


def rate(ask: Callable[[int], Any], seconds: float, callers: int = 1) -> dict[str, float]:
    """Call *ask* with 0, 1, 2… from *callers* threads for so long; return calls a second and the
    milliseconds of one, at the median and the 99th percentile.
    """
    ask(0)
    began = time.perf_counter()
    until = began + seconds

    def call(first: int) -> list[float]:
        took: list[float] = []
        number = first
        while (now := time.perf_counter()) < until or not took:
            ask(number)
            took.append(time.perf_counter() - now)
            number += callers
        return took

    with ThreadPoolExecutor(callers) as threads:
        took = [one for some in threads.map(call, range(callers)) for one in some]
    lasted = time.perf_counter() - began
    return {
        "per_s": round(len(took) / lasted, 1),
        "p50_ms": round(1000 * float(np.median(took)), 3),
        "p99_ms": round(1000 * float(np.quantile(took, 0.99)), 3),
    }


def recall(found: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> float:
    """Return which part of the right ones was found."""
    hits = sum(len(set(some) & set(best)) for some, best in zip(found, right, strict=True))
    return round(hits / sum(len(best) for best in right), 4)


def resident() -> dict[str, int]:
    """Return this process's memory in MB: its own, and pages of files that the kernel may drop."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    sizes = dict(line.split(":", maxsplit=1) for line in lines)
    return {
        name: int(sizes[key].split()[0]) >> 10
        for name, key in (("own", "RssAnon"), ("of_files", "RssFile"))
    }
