"""A run beside a stored one, with an interval for the difference."""

import random
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

_RESAMPLES = 1000
_SEED = 7


def compared(
    now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return for each set in both runs the mean change of nDCG@10 over the same questions, and its
    95% interval by the bootstrap (Efron 1979; 1,000 resamples of the questions, seed 7).
    """
    stored = {one["set"]: one for one in before}
    return [_change(one, stored[one["set"]]) for one in now if one["set"] in stored]


def _change(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    old = {row["id"]: row["ndcg@10"] for row in before["questions"]}
    changes = [row["ndcg@10"] - old[row["id"]] for row in now["questions"] if row["id"] in old]
    if not changes:
        return {"set": now["set"], "questions": 0, "change": 0.0, "low": 0.0, "high": 0.0}
    drawn = random.Random(_SEED)  # noqa: S311 - resampling, no secret
    means = sorted(
        statistics.mean(drawn.choices(changes, k=len(changes))) for _ in range(_RESAMPLES)
    )
    return {
        "set": now["set"],
        "questions": len(changes),
        "change": round(statistics.mean(changes), 4),
        "low": round(means[int(0.025 * _RESAMPLES)], 4),
        "high": round(means[int(0.975 * _RESAMPLES)], 4),
    }
