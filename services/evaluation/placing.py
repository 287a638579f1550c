"""A set's documents, put into collections of its own."""

import json
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from services.domain.errors import InvalidRequestError
from services.evaluation.sets import Asked, EvaluationSet

_LINES_A_FILE = 2000
_LOOK_S = 0.5
_NOT_IN_NAMES = re.compile(r"[^\w .\-]")
_LONGEST_NAME = 100

Tell = Callable[[str], None]


class Service(Protocol):
    """What evaluation needs of a client."""

    def call(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of one call."""
        ...

    def text(self, document_id: str) -> str:
        """Return a document's canonical text."""
        ...

    def upload(
        self, path: Path, name: str, collection: str, source_id: str | None
    ) -> dict[str, Any]:
        """Upload a file."""
        ...

    def counts(self, **filters: str | None) -> dict[str, int]:
        """Return how many documents stand in each status."""
        ...


def collection_of(wanted: EvaluationSet, scope: str) -> str:
    """Return the collection that holds the documents of one scope of a set."""
    name = f"eval-{wanted.name}-{scope}" if scope else f"eval-{wanted.name}"
    return _NOT_IN_NAMES.sub("-", name)[:_LONGEST_NAME]


def place(
    service: Service, wanted: EvaluationSet, asked: Sequence[Asked], tell: Tell
) -> dict[str, str]:
    """Add what the questions *asked* need, and wait for it; return each scope's collection."""
    collections = {one.scope: collection_of(wanted, one.scope) for one in asked}
    by_scope: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in wanted.corpus:
        by_scope[str(row.get("scope") or "")].append(row)
    for scope, collection in collections.items():
        # A question without a scope is asked of everything.
        _add_rows(service, by_scope[scope] if scope else wanted.corpus, collection)
        for path in wanted.files:
            service.upload(path, path.name, collection, path.name)
    for collection in collections.values():
        _wait(service, wanted.name, collection, tell)
    return collections


def _add_rows(service: Service, rows: Sequence[Mapping[str, Any]], collection: str) -> None:
    for start in range(0, len(rows), _LINES_A_FILE):
        lines = [
            json.dumps({"id": row["id"], "title": row.get("title", ""), "text": row["text"]})
            for row in rows[start : start + _LINES_A_FILE]
        ]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            file.write("\n".join(lines))
            file.flush()
            service.upload(Path(file.name), "corpus.jsonl", collection, None)


def _wait(service: Service, name: str, collection: str, tell: Tell) -> None:
    while True:
        counts = service.counts(collection=collection)
        left = counts["queued"] + counts["reading"] + counts["embedding"]
        if not left:
            break
        tell(f"{name}: {left} documents to go")
        time.sleep(_LOOK_S)
    if counts["failed"] and not counts["ready"]:
        message = f"None of the documents of {name} could be read."
        raise InvalidRequestError(message)
