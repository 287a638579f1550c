"""The vectors of one collection: which row belongs to which passage and document."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import Hit, IndexedPassage
from services.index.matrices import Matrix, parts

_FIRST_CAPACITY = 256


class Segment:
    """Rows of a matrix by passage and document.

    Adding appends a row; removing moves the last row into the hole. Both cost the same however
    large the segment is, and are seen by the next search.
    """

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._ids = np.zeros(_FIRST_CAPACITY, np.int64)
        self._rows: dict[int, int] = {}
        self._documents: dict[str, list[int]] = {}

    @property
    def count(self) -> int:
        """How many passages there are."""
        return self.matrix.count

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add passages; those that are there get their new vectors."""
        latest = {one.passage_id: one for one in passages if one.passage_id not in self._rows}
        new = list(latest.values())
        for one in passages:
            row = self._rows.get(one.passage_id)
            if row is not None:
                self.matrix.put(row, np.frombuffer(one.vector, "<f4"))
        if not new:
            return
        first = self.count
        self.matrix.append(np.stack([np.frombuffer(one.vector, "<f4") for one in new]))
        self._grow_to(first + len(new))
        for row, one in enumerate(new, first):
            self._ids[row] = one.passage_id
            self._rows[one.passage_id] = row
            self._documents.setdefault(one.document_id, []).append(one.passage_id)

    def remove(self, document_id: str) -> int:
        """Remove a document's passages; return how many there were."""
        leaving = self._documents.get(document_id, [])
        removed = len(leaving)
        while leaving:
            hole, last = self._rows[leaving[-1]], self.count - 1
            # What the matrix refuses has not happened here either.
            self.matrix.fill(hole)
            del self._rows[leaving.pop()]
            if hole != last:
                self._ids[hole] = self._ids[last]
                self._rows[int(self._ids[last])] = hole
        self._documents.pop(document_id, None)
        return removed

    def nearest(self, queries: NDArray[np.float32], limit: int) -> list[list[Hit]]:
        """Return the nearest passages to each of the queries (n, dimension)."""
        if self.count == 0:
            return [[] for _ in queries]
        scores, rows = self.matrix.nearest(queries, limit)
        ids = self._ids[rows]
        return [
            [Hit(int(one), float(score)) for one, score in zip(*both, strict=True)]
            for both in zip(ids, scores, strict=True)
        ]

    def vectors(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return copies of the vectors of those passages that are here."""
        here = [one for one in ids if one in self._rows]
        if not here:
            return {}
        found = self.matrix.rows(np.array([self._rows[one] for one in here], np.int64))
        return dict(zip(here, found, strict=True))

    def move(self, matrix: Matrix) -> None:
        """Copy all rows into the empty *matrix* and go on with that."""
        for part in parts(self.matrix):
            matrix.append(part)
        self.matrix = matrix

    def save(self, folder: Path, name: str, lock: AbstractContextManager[object]) -> None:
        """Write the matrix, and which document each of its rows belongs to."""
        self.matrix.save(folder / name, lock)
        self._ids[: self.count].astype("<i8").tofile(folder / f"{name}.ids")
        (folder / f"{name}.json").write_text(json.dumps(self._documents), encoding="utf-8")

    def load(self, folder: Path, name: str) -> None:
        """Start, empty, from what `save` wrote."""
        ids = np.fromfile(folder / f"{name}.ids", "<i8")
        self.matrix.load(folder / name, len(ids))
        self._ids = ids.astype(np.int64)
        self._rows = {passage_id: row for row, passage_id in enumerate(ids.tolist())}
        self._documents = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    def _grow_to(self, rows: int) -> None:
        if rows > len(self._ids):
            more = max(rows, 2 * len(self._ids)) - len(self._ids)
            self._ids = np.concatenate([self._ids, np.zeros(more, np.int64)])
