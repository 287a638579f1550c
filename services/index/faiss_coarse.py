"""A first, rough choice of rows: inverted lists of one-bit codes (IVF with RaBitQ).

A list holds the rows nearest to its centre; a code keeps the sign of each turned coordinate and two
factors, of which FAISS estimates the inner product (Gao and Long, "RaBitQ", SIGMOD 2024). The
estimate chooses candidates; the scores come from the rows themselves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from services.index.row_store import RowStore

# Lists for each root of the number of rows; FAISS's guide names 4 to 16. A million rows in 3,000
# lists take a minute of one core, in 4,000 two.
_LISTS_PER_ROOT = 3
_ROWS_PER_LIST = 30
_ROUNDS = 6
# So many codes are looked at for a result. Of a million passages much like each other
# (`bench.large`) 8 and 32 find 0.81 of the ten nearest to a question; 8 and 256 find 0.96, in a
# third of a millisecond more.
_CANDIDATES_EACH, _CANDIDATES_MORE = 8, 256
_WANTED_RECALL = 0.98
# What looking at fewer lists may cost where all of them do not find so many.
_LOST = 0.005
# Questions lie farther from the centres than the rows that are tried in their place: of that
# million, 8 of 2,010 lists hold the nearest to a row, 64 those to a question; 96 take 0.9 ms.
_FEWEST_LISTS = 96
_JUDGED, _JUDGED_DEPTH = 96, 10
_GONE = -1
# From so many questions at once on, a product of matrices is faster than a pass for each: 64 over
# 200,000 rows of 384 numbers take 0.6 s instead of 5, 4 the same (one core, AVX2). FAISS's own
# threshold, 128,000 numbers of questions, leaves batches of up to 333 to the passes.
_PRODUCT_FROM = 5


class Coarse:
    """Codes of rows, found by keys that stay while rows move.

    A row without a code has no key, and a key whose row has gone no row: both are -1.
    Whoever moves rows tells `appended`, `changed` and `filled`. `solid` is the row from which on
    none has a code; `strays` are those before it that have none.
    """

    def __init__(self, dimension: int, count: int) -> None:
        self.lists = max(16, int(_LISTS_PER_ROOT * count**0.5))
        self.trained_on = self.tuned_on = count
        self.solid = 0
        self.strays: set[int] = set()
        self._key_of = np.full(count, _GONE, np.int64)
        self._row_of = np.zeros(0, np.int64)
        self._keys = 0
        self._dead: list[int] = []
        self._probed = self.lists
        self._index: Any = faiss.IndexIVFRaBitQFastScan(
            faiss.IndexFlatIP(dimension), dimension, self.lists, faiss.METRIC_INNER_PRODUCT
        )

    @property
    def coded(self) -> int:
        """How many rows have a code."""
        return self.solid - len(self.strays)

    def sample_size(self) -> int:
        """Return how many rows `train` wants."""
        return self.lists * _ROWS_PER_LIST

    def train(self, rows: NDArray[np.float32]) -> None:
        """Place the centres of the lists by a sample of rows (n, dimension)."""
        self._index.cp.niter = _ROUNDS
        self._index.cp.min_points_per_centroid = 1
        self._index.train(rows)

    def claim(self, most: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give keys to up to *most* of the *count* rows that have none, strays first; return the
        rows and their keys, for `put`.
        """
        strays = sorted(self.strays)[:most]
        end = min(self.solid + most - len(strays), count)
        rows = np.array([*strays, *range(self.solid, end)], np.int64)
        keys = np.arange(self._keys, self._keys + len(rows), dtype=np.int64)
        self._keys += len(rows)
        self._row_of = _grown(self._row_of, self._keys)
        self._row_of[keys] = rows
        self._key_of[rows] = keys
        self.strays -= set(strays)
        self.solid = max(self.solid, end)
        return rows, keys

    def put(self, rows: NDArray[np.float32], keys: NDArray[np.int64]) -> None:
        """Add the codes of rows (n, dimension) that have claimed *keys*, and forget those of rows
        that have gone.
        """
        if len(keys):
            self._index.add_with_ids(rows, keys)
        self.forget()

    def forget(self) -> None:
        """Remove the codes of rows that have gone or changed."""
        dead, self._dead = self._dead, []
        if dead:
            self._index.remove_ids(faiss.IDSelectorBatch(np.array(dead, np.int64)))

    @property
    def forgotten(self) -> int:
        """How many codes are there that `forget` would remove."""
        return len(self._dead)

    def appended(self, count: int) -> None:
        """Take note that there are *count* rows now."""
        self._key_of = _grown(self._key_of, count)

    def changed(self, row: int) -> None:
        """Take note that another vector lies in a row."""
        self._kill(row)
        if row < self.solid:
            self.strays.add(row)

    def filled(self, hole: int, last: int) -> None:
        """Take note that row *last* has moved into *hole*."""
        self._kill(hole)
        moved = int(self._key_of[last])
        self._key_of[last] = _GONE
        self._key_of[hole] = moved if hole != last else _GONE
        if moved != _GONE and hole != last:
            self._row_of[moved] = hole
        self.strays.discard(last)
        self.solid = min(self.solid, last)
        if hole < self.solid and moved == _GONE:
            self.strays.add(hole)
        else:
            self.strays.discard(hole)

    def candidates(self, queries: NDArray[np.float32], limit: int) -> list[NDArray[np.int64]]:
        """Return, for each of the queries (n, dimension), the rows among which its nearest *limit*
        are with the recall that was tuned for.
        """
        return self._looked(queries, limit, self._probed)

    def _looked(
        self, queries: NDArray[np.float32], limit: int, probed: int
    ) -> list[NDArray[np.int64]]:
        wanted = _CANDIDATES_EACH * limit + _CANDIDATES_MORE
        settings = faiss.IVFRaBitQSearchParameters()
        settings.nprobe = probed
        asked = np.ascontiguousarray(queries, np.float32)
        scores = np.empty((len(asked), wanted), np.float32)
        keys = np.empty((len(asked), wanted), np.int64)
        # Not `search`: what `faiss.contrib.torch_utils` makes of it takes no settings.
        self._index.search_c(
            len(asked),
            faiss.swig_ptr(asked),
            wanted,
            faiss.swig_ptr(scores),
            faiss.swig_ptr(keys),
            settings,
        )
        rows = np.where(keys >= 0, self._row_of[keys], _GONE)
        return [own[own >= 0] for own in rows]

    def tune(self, store: RowStore) -> None:
        """Look at as few lists as find the nearest rows of some of the rows themselves, or nearly
        as many of them as all lists do: among rows that are much alike, codes miss some wherever
        they look. Others may search meanwhile.
        """
        count = store.count
        asked = np.random.default_rng(5).integers(0, count, _JUDGED)
        queries = store.rows(asked)
        nearest = exact(queries, store, _JUDGED_DEPTH + 1)[1].tolist()
        right = [set(own) - {row} for own, row in zip(nearest, asked.tolist(), strict=True)]
        wanted = min(_WANTED_RECALL, self._recall(queries, right, self.lists) - _LOST)
        probed = _FEWEST_LISTS
        while probed < self.lists and self._recall(queries, right, probed) < wanted:
            probed = min(probed + probed // 3, self.lists)
        self._probed, self.tuned_on = probed, count

    def save(self, stem: Path) -> None:
        """Write the codes, and the keys of all rows."""
        self.forget()
        self._index.nprobe = self._probed
        faiss.write_index(self._index, f"{stem}.coarse")
        self._key_of.astype("<i8").tofile(f"{stem}.keys")

    @classmethod
    def load(cls, stem: Path, dimension: int, count: int) -> "Coarse | None":
        """Return what was saved with *count* rows; None if nothing was, or it does not fit."""
        if not Path(f"{stem}.coarse").exists():
            return None
        index: Any = faiss.read_index(f"{stem}.coarse")
        keys = np.fromfile(f"{stem}.keys", "<i8").astype(np.int64)[:count]
        rows = np.flatnonzero(keys >= 0)
        if (index.d, index.ntotal, len(keys)) != (dimension, len(rows), count):
            return None
        loaded = cls(dimension, count)
        loaded.lists, loaded._probed, loaded._index = index.nlist, index.nprobe, index
        loaded.trained_on = int((index.nlist / _LISTS_PER_ROOT) ** 2)
        # All lists: no number sufficed for another release.
        loaded.tuned_on = 0 if index.nprobe >= index.nlist else count
        loaded._key_of, loaded._keys = keys, int(keys.max(initial=-1)) + 1
        loaded._row_of = np.full(loaded._keys, _GONE, np.int64)
        loaded._row_of[keys[rows]] = rows
        loaded.solid = int(rows.max(initial=-1)) + 1
        loaded.strays = set(np.flatnonzero(keys[: loaded.solid] < 0).tolist())
        return loaded

    def _kill(self, row: int) -> None:
        key = int(self._key_of[row])
        if key != _GONE:
            self._row_of[key] = self._key_of[row] = _GONE
            self._dead.append(key)

    def _recall(
        self, queries: NDArray[np.float32], right: Sequence[set[int]], probed: int
    ) -> float:
        """Return the share of the right rows among the candidates."""
        found = self._looked(queries, _JUDGED_DEPTH + 1, probed)
        hits = [len(wanted & set(own.tolist())) for wanted, own in zip(right, found, strict=True)]
        return sum(hits) / sum(len(wanted) for wanted in right)


def exact(
    queries: NDArray[np.float32], store: RowStore, limit: int, start: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return scores and numbers of the *limit* rows from *start* on, fewer if there are fewer, that
    are nearest to each of the queries (n, dimension).
    """
    faiss.cvar.distance_compute_blas_threshold = _PRODUCT_FROM * queries.shape[1]
    scores = [np.zeros((len(queries), 0), np.float32)]
    rows = [np.zeros((len(queries), 0), np.int64)]
    for first, part in store.parts(start):
        found = faiss.knn(queries, part, min(limit, len(part)), metric=faiss.METRIC_INNER_PRODUCT)
        scores.append(found[0])
        rows.append(found[1] + first)
    order = np.argsort(-np.hstack(scores), axis=1, kind="stable")[:, :limit]
    return (
        np.take_along_axis(np.hstack(scores), order, axis=1),
        np.take_along_axis(np.hstack(rows), order, axis=1),
    )


def _grown(numbers: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """Return *numbers* with room for *wanted*; new ones are -1."""
    if wanted <= len(numbers):
        return numbers
    more = max(wanted, 2 * len(numbers)) - len(numbers)
    return np.concatenate([numbers, np.full(more, _GONE, np.int64)])
