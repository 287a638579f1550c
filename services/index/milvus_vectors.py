"""Vectors in a Milvus server: for more passages than one machine holds."""

import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import grpc
import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from services.domain.errors import DamagedGenerationError, NotReadyError
from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope

_AT_ONCE = 1000
# A change may take so long, and a question, of which a person waits for the answer.
_CHANGE_S, _QUESTION_S = 30.0, 5.0
# A build that a crash ended is not touched for so long: another service may be at it.
_ABANDONED_S = 86_400
_SAVED = "milvus.json"

# What it would log of an error is in the error that we raise.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


class MilvusVectorIndex:
    """Vectors of *dimension* numbers of one *embedder*, in the database that *url* names.

    Services share it: all follow the same change log, and adding or removing twice changes nothing.
    Searches go to an alias. An index that is built anew is filled beside it, and the alias moves to
    it with the first search. Holds ids and vectors alone, no text. NotReadyError if the server does
    not answer.
    """

    kind: ClassVar[str] = "milvus"

    def __init__(self, url: str, embedder: str, dimension: int) -> None:
        self._dimension = dimension
        self._alias = "footnote_" + re.sub(r"\W", "_", embedder, flags=re.ASCII)
        self._lock = threading.Lock()
        # What is searched, once it is known; what is filled until then.
        self._target: str | None = None
        self._filled: str | None = None
        with _told():
            self._client = MilvusClient(uri=url, timeout=_CHANGE_S)

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add or replace passages; those without a vector are not searched by meaning."""
        rows = [
            {
                "id": one.passage_id,
                "document": one.document_id,
                "segment": one.collection_id,
                "vector": np.frombuffer(one.vector, "<f4"),
            }
            for one in passages
            if one.vector
        ]
        with _told():
            name = self._written()
            for start in range(0, len(rows), _AT_ONCE):
                self._client.upsert(name, rows[start : start + _AT_ONCE], timeout=_CHANGE_S)

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove the passages of documents; return how many there were."""
        removed = 0
        with _told():
            name = self._written()
            for document, segment in documents:
                theirs = f"{_among('document', [document])} and {_among('segment', [segment])}"
                removed += self._counted(name, theirs)
                self._client.delete(name, filter=theirs, timeout=_CHANGE_S)
        return removed

    def search(self, query: NDArray[np.float32], scope: Scope, limit: int) -> list[Hit]:
        """Return the nearest passages of *scope*, which Milvus honours before it ranks."""
        if not scope.segments:
            return []
        with _told():
            found = self._client.search(
                self._read(),
                [query],
                filter=_among("segment", sorted(scope.segments)),
                limit=limit,
                anns_field="vector",
                search_params={"metric_type": "IP"},
                consistency_level="Strong",
                timeout=_QUESTION_S,
            )[0]
        hits = [Hit(int(one["id"]), float(one["distance"])) for one in found]
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))

    def vectors(self, ids: Sequence[int], scope: Scope) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of those of the passages that are in *scope*."""
        if not ids or not scope.segments:
            return {}
        wanted = f"{_among('id', ids)} and {_among('segment', sorted(scope.segments))}"
        with _told():
            rows = self._client.query(
                self._read(),
                filter=wanted,
                output_fields=["id", "vector"],
                consistency_level="Strong",
                timeout=_QUESTION_S,
            )
        return {int(row["id"]): np.asarray(row["vector"], np.float32) for row in rows}

    def count(self) -> int:
        """Return how many passages can be found."""
        with _told():
            return self._counted(self._read(), "")

    @property
    def is_saved(self) -> bool:
        """Say yes: the work is done where the vectors are."""
        return True

    def save(self, folder: Path) -> None:
        """Write down that the vectors are in Milvus, under which alias."""
        with _told():
            self._read()
        (folder / _SAVED).write_text(json.dumps({"alias": self._alias}), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Go on with what is in Milvus; DamagedGenerationError if it is there no more."""
        saved = json.loads((folder / _SAVED).read_text(encoding="utf-8"))
        with _told():
            if saved["alias"] != self._alias or not self._client.has_collection(self._alias):
                message = f"Milvus holds no vectors under {saved['alias']} any more."
                raise DamagedGenerationError(message)
            self._client.load_collection(self._alias)
        self._target = self._alias

    def _written(self) -> str:
        """Return the collection that changes go to."""
        with self._lock:
            if self._target is None and self._filled is None:
                self._filled = self._made()
            return self._target or str(self._filled)

    def _read(self) -> str:
        """Return the collection that is searched: what was filled takes its place."""
        filled = self._written()
        with self._lock:
            if self._target is None:
                self._move_alias(filled)
                self._target, self._filled = self._alias, None
            return self._target

    def _made(self) -> str:
        """Make an empty collection, and drop those that were never finished."""
        now = int(time.time())
        for name in self._client.list_collections():
            made = re.fullmatch(rf"{self._alias}_(\d+)_[0-9a-f]{{8}}", name)
            if made and now - int(made[1]) > _ABANDONED_S and name != self._named():
                self._client.drop_collection(name)
        name = f"{self._alias}_{now}_{uuid.uuid4().hex[:8]}"
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("document", DataType.VARCHAR, max_length=40)
        schema.add_field("segment", DataType.VARCHAR, max_length=60)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimension)
        index = MilvusClient.prepare_index_params()
        index.add_index("vector", index_type="AUTOINDEX", metric_type="IP")
        self._client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Strong"
        )
        self._client.load_collection(name)
        return name

    def _move_alias(self, name: str) -> None:
        before = self._named()
        if before is None:
            self._client.create_alias(name, self._alias)
        else:
            self._client.alter_alias(name, self._alias)
            self._client.drop_collection(before)

    def _named(self) -> str | None:
        """Return the collection that the alias names."""
        if not self._client.has_collection(self._alias):
            return None
        return str(self._client.describe_alias(self._alias)["collection_name"])

    def _counted(self, name: str, which: str) -> int:
        rows: list[dict[str, Any]] = self._client.query(
            name,
            filter=which,
            output_fields=["count(*)"],
            consistency_level="Strong",
            timeout=_CHANGE_S,
        )
        return int(rows[0]["count(*)"])


def _among(field: str, values: Sequence[int] | Sequence[str]) -> str:
    """Return Milvus's expression for a field that has one of the values."""
    return f"{field} in {json.dumps(list(values))}"


@contextmanager
def _told() -> Iterator[None]:
    """Say in the house's words that the server does not answer."""
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:
        message = f"Milvus (FOOTNOTE_MILVUS_URL) does not answer as it should: {_reason(error)}"
        raise NotReadyError(message) from error


def _reason(error: Any) -> str:  # noqa: ANN401 - libraries without types
    return str(error.message if isinstance(error, MilvusException) else error.code().name)
