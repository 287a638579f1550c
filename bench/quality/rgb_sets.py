"""Sets drawn from RGB: the same questions with and without noise, and with sources that disagree.

`python -m bench.quality.rgb_sets FOLDER` writes them into FOLDER; `footnote eval FOLDER/…` measures
them. Each question has documents of its own (`scope`).

- `rgb-LANG-noise-00`, `-50`: six documents that answer, or three and three that do not.
- `rgb-LANG-disagree`, `-agree`: as many edited documents as true ones, or true ones alone; what is
  accepted is that the answer says that sources disagree.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality.sets import rows

DOCUMENTS = 6
DISAGREE = ["来源说法不一", "Sources disagree"]

Row = Mapping[str, Any]


def main() -> None:
    """Write the sets of both languages."""
    folder = Path(sys.argv[1])
    for language in ("zh", "en"):
        read = rows(f"rgb-{language}", "queries")
        texts = {str(row["id"]): row for row in rows(f"rgb-{language}", "corpus")}
        noise = [row for row in read if row["task"] == "noise"]
        counter = [row for row in read if row["task"] == "counterfactual"]
        half = DOCUMENTS // 2
        plans: dict[str, Iterable[tuple[Row, Sequence[str], Sequence[str]]]] = {
            "noise-00": ((row, row["positive"][:DOCUMENTS], row["answers"]) for row in noise),
            "noise-50": (
                (row, [*row["positive"][:half], *row["negative"][:half]], row["answers"])
                for row in noise
            ),
            "disagree": (
                (row, [*row["positive"][:half], *row["wrong"][:half]], DISAGREE) for row in counter
            ),
            "agree": ((row, row["positive"][:half], DISAGREE) for row in counter),
        }
        for name, plan in plans.items():
            _write(folder / f"rgb-{language}-{name}", plan, texts)


def _write(
    folder: Path, plan: Iterable[tuple[Row, Sequence[str], Sequence[str]]], texts: Mapping[str, Row]
) -> None:
    questions, corpus = [], []
    for row, documents, answers in plan:
        scope = str(row["id"])
        questions.append(
            {
                "id": row["id"],
                "text": row["text"],
                "lang": row["lang"],
                "answers": list(answers),
                "answerable": True,
                "relevant": [one for one in documents if one in row["positive"]],
                "scope": scope,
            }
        )
        corpus += [{**texts[one], "scope": scope} for one in documents]
    if not questions:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in (("queries", questions), ("corpus", corpus)):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in written)
        (folder / f"{name}.jsonl").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
