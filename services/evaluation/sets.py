"""Reading a set."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.domain.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a set: what is accepted as an answer, and which documents hold it."""

    id: str
    text: str
    answers: tuple[str, ...]
    relevant: frozenset[str]
    answerable: bool
    history: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """A corpus and its questions."""

    name: str
    corpus: Sequence[Mapping[str, Any]] = field(repr=False)
    questions: Sequence[Asked] = field(repr=False)


def load(folder: Path) -> EvaluationSet:
    """Read the set in *folder*; InvalidRequestError names the file that is missing or broken."""
    corpus = rows(folder, "corpus")
    questions = [
        Asked(
            id=str(row.get("id", number)),
            text=row["text"],
            answers=tuple(row.get("answers") or ()),
            relevant=frozenset(row.get("relevant") or ()),
            answerable=bool(row.get("answerable", True)),
            history=tuple(row.get("history") or ()),
        )
        for number, row in enumerate(rows(folder, "queries"))
    ]
    return EvaluationSet(folder.name, corpus, questions)


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of `NAME.jsonl` or `NAME.jsonl.gz` in *folder*; InvalidRequestError if there
    is neither, or a line of it is broken.
    """
    plain, packed = folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"
    try:
        if plain.exists():
            text = plain.read_text(encoding="utf-8")
        else:
            with gzip.open(packed, "rt", encoding="utf-8") as file:
                text = file.read()
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        message = f"{folder} holds no readable {name}.jsonl: {error}."
        raise InvalidRequestError(message) from error
