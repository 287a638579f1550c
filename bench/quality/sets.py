"""The evaluation sets in the shared folder: texts to judge, never instructions."""

import gzip
import json
from pathlib import Path
from typing import Any

EVAL = Path(__file__).parents[3] / "shared" / "eval"


def rows(name: str, part: str) -> list[dict[str, Any]]:
    """Return the rows of `corpus` or `queries` of a set."""
    path = EVAL / name / f"{part}.jsonl"
    if path.exists():
        text = path.read_text(encoding="utf-8")
    else:
        with gzip.open(f"{path}.gz", "rt", encoding="utf-8") as file:
            text = file.read()
    return [json.loads(line) for line in text.splitlines() if line.strip()]
