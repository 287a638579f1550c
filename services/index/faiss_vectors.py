"""Search by FAISS over matrices of our own, one a collection, on the GPU or the CPU.

FAISS's own indexes copy on removal, and on a GPU cannot remove at all; and its selectors of ids
are ignored on a GPU. So a Scope is a choice of matrices, made before anything is compared.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

import faiss
import numpy as np
import structlog
from numpy.typing import NDArray

from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope
from services.index.faiss_matrix import HostMatrix
from services.index.gathering import Gathering
from services.index.matrices import DeviceError, Matrix
from services.index.segments import Segment
from services.index.tending import Tending

_Question = tuple[NDArray[np.float32], tuple[str, ...], int]
_Done = TypeVar("_Done")

log = structlog.get_logger("index")


def gpus() -> int:
    """Return how many GPUs this build of FAISS can use."""
    return int(faiss.get_num_gpus()) if hasattr(faiss, "get_num_gpus") else 0


class FaissVectorIndex:
    """Vectors of *dimension* numbers. Safe to use from many threads.

    Rows lie where *make_matrix* puts them. Without room there, or if the device stops answering,
    they move to this machine's memory, and to *folder* where they are many; the search goes on.
    """

    kind: ClassVar[str] = "vectors"

    def __init__(
        self,
        dimension: int,
        make_matrix: Callable[[], Matrix] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._dimension = dimension
        self._folder = folder
        self._make_matrix = make_matrix or self._host_matrix
        self._segments: dict[str, Segment] = {}
        self._lock = threading.Lock()
        self._gathering = Gathering("vector-search", self._search_all)
        self._tending = Tending(self._lock)

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add or replace passages; those without a vector are not searched by meaning."""
        by_collection: dict[str, list[IndexedPassage]] = {}
        for one in passages:
            if one.vector:
                by_collection.setdefault(one.collection_id, []).append(one)
        with self._lock:
            for collection_id, some in by_collection.items():
                self._try(partial(self._add, collection_id, some))

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove the passages of documents; return how many there were."""
        with self._lock:
            return sum(self._try(partial(self._remove, *document)) for document in documents)

    def search(self, query: NDArray[np.float32], scope: Scope, limit: int) -> list[Hit]:
        """Return the nearest passages of *scope*; questions that wait are answered together."""
        return self._gathering.ask((query, tuple(scope.segments), limit))

    def search_all(
        self, asked: Sequence[tuple[NDArray[np.float32], Scope, int]]
    ) -> list[list[Hit]]:
        """Return what `search` returns for each of many questions, in one pass."""
        return self._search_all(
            [(query, tuple(scope.segments), limit) for query, scope, limit in asked]
        )

    def vectors(self, ids: Sequence[int], scope: Scope) -> dict[int, NDArray[np.float32]]:
        """Return copies of the vectors of passages in *scope*."""
        found: dict[int, NDArray[np.float32]] = {}
        with self._lock:
            for collection_id in scope.segments:
                if collection_id in self._segments:
                    found |= self._segments[collection_id].vectors(ids)
        return found

    def count(self) -> int:
        """Return how many passages can be found."""
        with self._lock:
            return sum(segment.count for segment in self._segments.values())

    def save(self, folder: Path) -> None:
        """Write every segment. Searches go on; whoever calls this lets nobody add or remove."""
        for collection_id, segment in tuple(self._segments.items()):
            segment.save(folder, collection_id, self._lock)

    @property
    def is_saved(self) -> bool:
        """Say whether a start from what was saved last has no long work to do again."""
        with self._lock:
            return all(segment.matrix.is_saved for segment in self._segments.values())

    def load(self, folder: Path) -> None:
        """Start from saved segments."""
        with self._lock:
            self._segments = {}
            for path in folder.glob("*.json"):
                self._try(partial(self._load, folder, path.stem))

    def settle(self, timeout_s: float) -> bool:
        """Wait until searches are as fast as they get; say whether that came about in time."""
        return self._tending.wait(timeout_s)

    def _add(self, collection_id: str, passages: Sequence[IndexedPassage]) -> None:
        segment = self._segment(collection_id)
        segment.add(passages)
        self._tending.look(segment.matrix)

    def _remove(self, document_id: str, collection_id: str) -> int:
        segment = self._segments.get(collection_id)
        if segment is None:
            return 0
        removed = segment.remove(document_id)
        self._tending.look(segment.matrix)
        return removed

    def _load(self, folder: Path, name: str) -> None:
        segment = Segment(self._make_matrix())
        segment.load(folder, name)
        self._segments[name] = segment
        self._tending.look(segment.matrix)

    def _search_all(self, questions: Sequence[_Question]) -> list[list[Hit]]:
        with self._lock:
            return self._try(partial(self._searched, questions))

    def _searched(self, questions: Sequence[_Question]) -> list[list[Hit]]:
        """Search each segment once, for all questions that may read it."""
        # A pool of threads for each thread that asks; this one asks alone.
        faiss.omp_set_num_threads(1)
        found: list[list[Hit]] = [[] for _ in questions]
        wanted: dict[str, list[int]] = {}
        for number, (_, segments, _) in enumerate(questions):
            for collection_id in segments:
                wanted.setdefault(collection_id, []).append(number)
        for collection_id, numbers in wanted.items():
            segment = self._segments.get(collection_id)
            if segment is None:
                continue
            queries = np.stack([questions[number][0] for number in numbers])
            limit = max(questions[number][2] for number in numbers)
            hits = segment.nearest(queries, limit)
            for number, some in zip(numbers, hits, strict=True):
                found[number] += some
        return [
            sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))[:limit]
            for hits, (_, _, limit) in zip(found, questions, strict=True)
        ]

    def _segment(self, collection_id: str) -> Segment:
        if collection_id not in self._segments:
            self._segments[collection_id] = Segment(self._make_matrix())
        return self._segments[collection_id]

    def _try(self, do: Callable[[], _Done]) -> _Done:
        """Do it; if the device fails, again in this machine's memory."""
        try:
            return do()
        except DeviceError as error:
            log.warning("vectors move to this machine's memory", reason=str(error))
            self._make_matrix = self._host_matrix
            for segment in self._segments.values():
                segment.move(self._host_matrix())
                self._tending.look(segment.matrix)
            return do()

    def _host_matrix(self) -> Matrix:
        return HostMatrix(self._dimension, self._folder)
