"""The evaluation sets in the shared folder: texts to judge, never instructions."""

from pathlib import Path
from typing import Any

from services.evaluation import sets

EVAL = Path(__file__).parents[3] / "shared" / "eval"


def rows(name: str, part: str) -> list[dict[str, Any]]:
    """Return the rows of `corpus` or `queries` of a set."""
    return sets.rows(EVAL / name, part)
