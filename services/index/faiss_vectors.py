"""Exact search by FAISS over matrices of our own, one a collection.

Adding appends a row; removing moves the last row into the hole. Both cost the same however large
the index is, and are seen by the next search. (FAISS's own indexes copy on removal, and on the GPU
cannot remove at all.)
"""

import json
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope

_FIRST_CAPACITY = 256


class _Segment:
    """The vectors of one collection: the first `count` rows of `matrix` and `ids`."""

    def __init__(self, dimension: int) -> None:
        self.matrix = np.zeros((_FIRST_CAPACITY, dimension), np.float32)
        self.ids = np.zeros(_FIRST_CAPACITY, np.int64)
        self.count = 0
        self.rows: dict[int, int] = {}
        self.documents: dict[str, list[int]] = {}

    def add(self, passage: IndexedPassage) -> None:
        row = self.rows.get(passage.passage_id)
        if row is None:
            row = self.count
            self._grow_to(row + 1)
            self.count += 1
            self.rows[passage.passage_id] = row
            self.documents.setdefault(passage.document_id, []).append(passage.passage_id)
        self.matrix[row] = np.frombuffer(passage.vector, "<f4")
        self.ids[row] = passage.passage_id

    def remove(self, document_id: str) -> int:
        gone = self.documents.pop(document_id, [])
        for passage_id in gone:
            hole, last = self.rows.pop(passage_id), self.count - 1
            if hole != last:
                self.matrix[hole] = self.matrix[last]
                self.ids[hole] = self.ids[last]
                self.rows[int(self.ids[last])] = hole
            # A deleted vector does not linger: text can be guessed from one.
            self.matrix[last] = 0
            self.count = last
        return len(gone)

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[Hit]:
        if self.count == 0:
            return []
        scores, rows = faiss.knn(
            query.reshape(1, -1),
            self.matrix[: self.count],
            min(limit, self.count),
            metric=faiss.METRIC_INNER_PRODUCT,
        )
        return [
            Hit(int(self.ids[row]), float(score))
            for row, score in zip(rows[0], scores[0], strict=True)
        ]

    def _grow_to(self, rows: int) -> None:
        if rows <= len(self.ids):
            return
        capacity = max(rows, 2 * len(self.ids))
        matrix = np.zeros((capacity, self.matrix.shape[1]), np.float32)
        matrix[: self.count] = self.matrix[: self.count]
        self.matrix = matrix
        self.ids = np.concatenate([self.ids, np.zeros(capacity - len(self.ids), np.int64)])


class FaissVectorIndex:
    """Vectors of *dimension* numbers, searched exactly. Safe to use from many threads."""

    def __init__(self, dimension: int) -> None:
        # A single query gains nothing from several OpenMP threads; many questions come at once.
        faiss.omp_set_num_threads(1)
        self._dimension = dimension
        self._segments: dict[str, _Segment] = {}
        self._lock = threading.Lock()

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add or replace passages; those without a vector are not searched by meaning."""
        with self._lock:
            for passage in passages:
                if passage.vector:
                    self._segment(passage.collection_id).add(passage)

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove the passages of documents; return how many there were."""
        with self._lock:
            return sum(
                self._segments[collection_id].remove(document_id)
                for document_id, collection_id in documents
                if collection_id in self._segments
            )

    def search(self, query: NDArray[np.float32], scope: Scope, limit: int) -> list[Hit]:
        """Return the nearest passages of *scope*."""
        with self._lock:
            found = [
                hit
                for collection_id in scope.segments
                if collection_id in self._segments
                for hit in self._segments[collection_id].nearest(query, limit)
            ]
        return sorted(found, key=lambda hit: (-hit.score, hit.passage_id))[:limit]

    def vectors(self, ids: Sequence[int], scope: Scope) -> dict[int, NDArray[np.float32]]:
        """Return copies of the vectors of passages in *scope*."""
        found: dict[int, NDArray[np.float32]] = {}
        with self._lock:
            for collection_id in scope.segments:
                segment = self._segments.get(collection_id)
                if segment is None:
                    continue
                for passage_id in ids:
                    row = segment.rows.get(passage_id)
                    if row is not None:
                        found[passage_id] = segment.matrix[row].copy()
        return found

    def count(self) -> int:
        """Return how many passages can be found."""
        with self._lock:
            return sum(segment.count for segment in self._segments.values())

    def save(self, folder: Path) -> None:
        """Write the rows as raw little-endian numbers, and which document each belongs to."""
        with self._lock:
            for collection_id, segment in self._segments.items():
                rows = slice(0, segment.count)
                segment.matrix[rows].astype("<f4").tofile(folder / f"{collection_id}.vectors")
                segment.ids[rows].astype("<i8").tofile(folder / f"{collection_id}.ids")
                listed = json.dumps(segment.documents)
                (folder / f"{collection_id}.json").write_text(listed, encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Start from saved rows."""
        with self._lock:
            self._segments = {
                path.stem: self._loaded(folder, path.stem) for path in folder.glob("*.json")
            }

    def _loaded(self, folder: Path, collection_id: str) -> _Segment:
        segment = _Segment(self._dimension)
        ids = np.fromfile(folder / f"{collection_id}.ids", "<i8")
        rows = np.fromfile(folder / f"{collection_id}.vectors", "<f4")
        segment.matrix = np.ascontiguousarray(rows.reshape(len(ids), self._dimension))
        segment.ids = ids.astype(np.int64)
        segment.count = len(ids)
        segment.rows = {int(passage_id): row for row, passage_id in enumerate(ids)}
        segment.documents = json.loads(
            (folder / f"{collection_id}.json").read_text(encoding="utf-8")
        )
        return segment

    def _segment(self, collection_id: str) -> _Segment:
        return self._segments.setdefault(collection_id, _Segment(self._dimension))
