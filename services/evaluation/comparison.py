"""A run beside a stored one, with an interval for the difference."""

import json
import random
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.domain.errors import InvalidRequestError

_RESAMPLES = 1000
_SEED = 7
# What is compared, and where a run keeps it of each question.
_COMPARED = (("ndcg@10", "questions"), ("right", "answers"))


def stored_run(path: Path) -> list[dict[str, Any]]:
    """Read a run that `footnote eval --json` told; InvalidRequestError if it is none."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        whole = [one for one in read if isinstance(one["set"], str)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"{path} is no run that was stored with `footnote eval --json`."
        raise InvalidRequestError(message) from error
    return whole


def compared(
    now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return for each set in both runs the mean change over the same questions of nDCG@10, and of
    the share answered or refused rightly; each with its 95% interval by the bootstrap (Efron 1979;
    1,000 resamples of the questions, seed 7).
    """
    stored = {one["set"]: one for one in before}
    found = [
        _change(one, stored[one["set"]], measure, part)
        for one in now
        if one["set"] in stored
        for measure, part in _COMPARED
    ]
    return [one for one in found if one["questions"]]


def _change(
    now: Mapping[str, Any], before: Mapping[str, Any], measure: str, part: str
) -> dict[str, Any]:
    old = {row["id"]: row[measure] for row in before.get(part, ())}
    changes = [row[measure] - old[row["id"]] for row in now.get(part, ()) if row["id"] in old]
    told = {"set": now["set"], "measure": measure, "questions": len(changes)}
    if not changes:
        return told
    drawn = random.Random(_SEED)  # noqa: S311 - resampling, no secret
    means = sorted(
        statistics.mean(drawn.choices(changes, k=len(changes))) for _ in range(_RESAMPLES)
    )
    return told | {
        "change": round(statistics.mean(changes), 4),
        "low": round(means[int(0.025 * _RESAMPLES)], 4),
        "high": round(means[int(0.975 * _RESAMPLES)], 4),
    }
