"""Reading a set."""

import json
from pathlib import Path

import pytest

from services.domain.errors import InvalidRequestError
from services.evaluation.sets import load


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def test_a_line_separator_inside_a_text_is_no_end_of_its_row(tmp_path: Path) -> None:
    write(tmp_path, "corpus", [{"id": "a", "text": "one\u2028two"}])
    write(tmp_path, "queries", [{"id": "q", "text": "?", "relevant": ["a"]}])

    assert load(tmp_path).corpus[0]["text"] == "one\u2028two"


def test_a_set_without_questions_is_refused_with_the_file_named(tmp_path: Path) -> None:
    write(tmp_path, "corpus", [{"id": "a", "text": "one"}])

    with pytest.raises(InvalidRequestError, match=r"queries\.jsonl.*neither"):
        load(tmp_path)
