"""Rows on this machine, searched by FAISS: exactly while few, by a rough first choice when many."""

import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from services.index.faiss_coarse import Coarse, exact
from services.index.matrices import rows_file, write_rows
from services.index.row_store import RowStore

# From so many rows on (17 ms a question, one core) they are chosen by codes first.
COARSE_FROM = 100_000
# So many rows without a code are compared one by one, in about 1 ms.
_UNCODED = 6000
# Codes are made anew when the rows have grown so much; how many lists to look at is found out
# again before that.
_GROWN, _GROWN_A_LITTLE = 2.0, 1.25
_DEAD = 4096
# Rows that get their codes between two questions.
_STEP = 256
# A lock that is taken again at once lets nobody else in.
_PAUSE_S = 0.001
_READ = 4096


class HostMatrix:
    """Rows of *dimension* float32 numbers; many lie in a mapped file of *folder*.

    Below *coarse_from* rows every one is compared. Above it `tend` makes codes (see `Coarse`);
    rows that have none yet are compared too, so that a search misses nothing new.
    """

    def __init__(
        self, dimension: int, folder: Path | None = None, coarse_from: int = COARSE_FROM
    ) -> None:
        self._store = RowStore(dimension, folder)
        self._coarse_from = coarse_from
        self._coarse: Coarse | None = None
        # The one that will take its place, and the one in the files.
        self._next: Coarse | None = None
        self._saved: Coarse | None = None

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._store.count

    @property
    def coded(self) -> int:
        """How many rows a rough choice is made from."""
        return self._coarse.coded if self._coarse else 0

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows at the end."""
        self._store.append(rows)
        for coarse in self._both():
            coarse.appended(self.count)

    def put(self, row: int, vector: NDArray[np.float32]) -> None:
        """Write over a row."""
        self._store.put(row, vector)
        for coarse in self._both():
            coarse.changed(row)

    def fill(self, hole: int) -> None:
        """Move the last row into the hole."""
        last = self.count - 1
        self._store.fill(hole)
        for coarse in self._both():
            coarse.filled(hole, last)

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return copies of rows."""
        return self._store.rows(numbers)

    def nearest(
        self, queries: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores and numbers of the nearest rows."""
        limit = min(limit, self.count)
        coarse = self._coarse
        if coarse is None:
            return exact(queries, self._store, limit)
        new, strays = exact(queries, self._store, limit, coarse.solid), _numbers(coarse.strays)
        found = []
        for at, chosen in enumerate(coarse.candidates(queries, limit)):
            looked = np.concatenate([chosen, strays])
            inner = np.concatenate([self._store.rows(looked) @ queries[at], new[0][at]])
            numbers = np.concatenate([looked, new[1][at]])
            best = np.argsort(-inner, kind="stable")[:limit]
            if len(best) < limit:
                return exact(queries, self._store, limit)
            found.append((inner[best], numbers[best]))
        return np.stack([scores for scores, _ in found]), np.stack([rows for _, rows in found])

    def save(self, stem: Path, lock: AbstractContextManager[object]) -> None:
        """Write the rows, and their codes if they have any."""
        write_rows(self, stem)
        with lock:
            if self._coarse is not None:
                self._coarse.save(stem)
            self._saved = self._coarse

    def load(self, stem: Path, count: int) -> None:
        """Start, empty, from what `save` wrote."""
        self._store.open(rows_file(stem), count)
        self._coarse = self._saved = Coarse.load(stem, self._store.dimension, count)

    @property
    def is_saved(self) -> bool:
        """Say whether the files hold codes made as those here: else a start makes all of them anew,
        which takes minutes for a million rows.
        """
        return self._coarse is None or self._coarse is self._saved

    def is_due(self) -> bool:
        """Say whether there is something for `tend` to do."""
        coarse = self._coarse
        if coarse is None:
            return self.count >= self._coarse_from
        return (
            self.count - coarse.coded > _UNCODED
            or coarse.forgotten > _DEAD
            or self.count > _GROWN_A_LITTLE * coarse.tuned_on
            or self.count > _GROWN * coarse.trained_on
            or self.count < self._coarse_from // 2
        )

    def tend(self, lock: AbstractContextManager[object]) -> None:
        """Give codes to rows that have none, or make all of them anew; *lock* is what users of this
        matrix hold, and is taken for milliseconds at a time.
        """
        faiss.omp_set_num_threads(1)
        coarse = self._coarse
        if self.count < self._coarse_from // 2:
            self._coarse = None
        elif coarse is None or self.count > _GROWN * coarse.trained_on:
            try:
                self._renew(lock)
            finally:
                self._next = None
        else:
            self._catch_up(coarse, lock)

    def _catch_up(self, coarse: Coarse, lock: AbstractContextManager[object]) -> None:
        claimed = True
        while claimed:
            with lock:
                rows, keys = coarse.claim(_STEP, self.count)
                coarse.put(self._store.rows(rows), keys)
                claimed = len(rows) > 0
            time.sleep(_PAUSE_S)
        if self.count > _GROWN_A_LITTLE * coarse.tuned_on:
            coarse.tune(self._store)

    def _renew(self, lock: AbstractContextManager[object]) -> None:
        """Make codes of all rows aside, while searches go on, and then use them."""
        with lock:
            coming = self._next = Coarse(self._store.dimension, self.count)
            chosen = np.random.default_rng(3).permutation(self.count)[: coming.sample_size()]
        coming.train(self._sample(chosen, lock))
        claimed = True
        while claimed:
            with lock:
                rows, keys = coming.claim(_STEP, self.count)
                vectors = self._store.rows(rows)
                claimed = len(rows) > 0
            coming.put(vectors, keys)
        coming.tune(self._store)
        with lock:
            self._coarse, self._next = coming, None

    def _sample(
        self, chosen: NDArray[np.int64], lock: AbstractContextManager[object]
    ) -> NDArray[np.float32]:
        parts = []
        for part in np.split(np.sort(chosen), range(_READ, len(chosen), _READ)):
            with lock:
                parts.append(self._store.rows(part[part < self.count]))
        return np.concatenate(parts)

    def _both(self) -> list[Coarse]:
        return [coarse for coarse in (self._coarse, self._next) if coarse is not None]


def _numbers(rows: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(rows), np.int64)
