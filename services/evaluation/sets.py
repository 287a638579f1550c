"""Reading a set, or a person's own file of questions."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from services.domain.errors import InvalidRequestError

_PAGE_MARK = "#p"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a set: what is accepted as an answer, and which documents hold it.

    *relevant* names documents by source id or name; `NAME#pN` is page N of one. With *scope*, only
    the rows of the corpus with the same one are searched.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    relevant: frozenset[str]
    answerable: bool
    history: tuple[Mapping[str, str], ...] = ()
    scope: str = ""


@dataclass(frozen=True)
class EvaluationSet:
    """Questions, and the documents that they are asked of: rows, or files.

    Without either, the documents are those of a collection that stands already.
    """

    name: str
    questions: Sequence[Asked] = field(repr=False)
    corpus: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    files: Sequence[Path] = field(default=(), repr=False)

    @cached_property
    def named(self) -> frozenset[str]:
        """The documents and pages that its questions name."""
        return frozenset(one for asked in self.questions for one in asked.relevant)

    @cached_property
    def is_by_page(self) -> bool:
        """Say whether its questions name pages, not documents alone."""
        return any(_PAGE_MARK in one for one in self.named)

    def key_of(self, found: Mapping[str, Any]) -> str:
        """Return the name under which the set knows a passage's or a citation's document."""
        source, page = str(found["source_id"]), found.get("page")
        if self.is_by_page and page is not None and _PAGE_MARK not in source:
            return f"{source}{_PAGE_MARK}{page}"
        name = str(found["document_name"])
        return name if name in self.named else source


def load(path: Path, *, with_files: bool = False) -> EvaluationSet:
    """Read the set in the folder *path*, or the questions in the file *path*.

    *with_files* takes the files that the folder's `files.jsonl` lists instead of the corpus.
    InvalidRequestError names what is missing or broken.
    """
    if path.is_file():
        questions = _questions(_rows_of(path))
        if not questions:
            message = f"There is no question in {path}."
            raise InvalidRequestError(message)
        return EvaluationSet(path.stem, questions)
    questions = _questions(rows(path, "queries"))
    if with_files:
        files = [path / str(row["path"]) for row in rows(path, "files")]
        return EvaluationSet(path.name, questions, files=files)
    return EvaluationSet(path.name, questions, rows(path, "corpus"))


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of `NAME.jsonl` or `NAME.jsonl.gz` in *folder*; InvalidRequestError if there
    is neither, or a line of it is broken.
    """
    plain, packed = folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"
    if not plain.exists() and not packed.exists():
        message = f"A set has {plain.name} or {packed.name}, but there is neither in {folder}."
        raise InvalidRequestError(message)
    return _rows_of(plain if plain.exists() else packed)


def _rows_of(path: Path) -> list[dict[str, Any]]:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
        # Not splitlines: a text may hold line separators of its own.
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read as lines of JSON: {error}."
        raise InvalidRequestError(message) from error


def _questions(read: Sequence[Mapping[str, Any]]) -> list[Asked]:
    return [_question(row, number) for number, row in enumerate(read, 1)]


def _question(row: Mapping[str, Any], number: int) -> Asked:
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        message = f'Question {number} has no "text".'
        raise InvalidRequestError(message)
    return Asked(
        id=str(row.get("id", number)),
        text=row["text"],
        answers=tuple(row.get("answers") or ()),
        relevant=frozenset(row.get("relevant") or ()),
        answerable=bool(row.get("answerable", True)),
        history=tuple(row.get("history") or ()),
        scope=str(row.get("scope") or ""),
    )
