"""Why the service refused or failed, in Chinese; in English it says it itself."""

import json
from functools import cache
from pathlib import Path

# The page reads the same table.
_TABLE = Path(__file__).parents[1] / "web" / "assets" / "reasons.json"


def chinese_reason(code: str) -> str | None:
    """Return what an error's *code* means, in Chinese; None for one that is not known."""
    return _reasons().get(code)


@cache
def _reasons() -> dict[str, str]:
    table: dict[str, str] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
