"""The vector index on a GPU: exact, removable, within its Scope. `python -m pytest tests/gpu`."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faiss
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from services.domain.passages import IndexedPassage
from services.domain.scope import CollectionRole, Role, Scope
from services.index import faiss_gpu_matrix
from services.index.faiss_gpu_matrix import GpuMatrix, GpuResources, open_gpu
from services.index.faiss_vectors import FaissVectorIndex
from services.index.matrices import DeviceError

HAS_GPU = hasattr(faiss, "StandardGpuResources") and torch.cuda.is_available()
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not HAS_GPU, reason="no GPU here that FAISS and torch can use"),
]
DIMENSION = 64


@pytest.fixture(scope="module")
def gpu() -> GpuResources:
    return open_gpu()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_gpu_matrix, "_BLOCK_ROWS", 1000)
    monkeypatch.setattr(faiss_gpu_matrix, "_FIRST_CAPACITY", 64)


def unit(seed: int, count: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION), np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def scope(*collections: str) -> Scope:
    return Scope("k", tuple(CollectionRole(one, one, Role.ASK) for one in collections))


def passages(rows: NDArray[np.float32], collection: str, first: int = 0) -> list[IndexedPassage]:
    return [
        IndexedPassage(number, f"d{number}", collection, row.tobytes(), "", "")
        for number, row in enumerate(rows, first)
    ]


def test_rows_over_several_blocks_agree_with_numpy(gpu: GpuResources, small_blocks: None) -> None:
    del small_blocks
    rows, queries = unit(1, 4321), unit(2, 70)
    matrix = GpuMatrix(DIMENSION, gpu)
    for start in range(0, len(rows), 777):
        matrix.append(rows[start : start + 777])

    scores, numbers = matrix.nearest(queries, 10)

    right = np.sort(queries @ rows.T, axis=1)[:, ::-1][:, :10]
    assert scores == pytest.approx(right, abs=2e-3)
    assert np.take_along_axis(queries @ rows.T, numbers, 1) == pytest.approx(right, abs=2e-3)
    assert matrix.rows(np.array([0, 999, 1000, 4320])) == pytest.approx(
        rows[[0, 999, 1000, 4320]], abs=1e-3
    )


def test_any_changes_agree_with_the_host(gpu: GpuResources, small_blocks: None) -> None:
    del small_blocks
    rows, random = unit(3, 3000), np.random.default_rng(4)
    ours = FaissVectorIndex(DIMENSION, lambda: GpuMatrix(DIMENSION, gpu))
    theirs = FaissVectorIndex(DIMENSION)
    for _ in range(60):
        first = int(random.integers(0, 2900))
        collection = "ab"[first % 2]
        some = passages(rows[first : first + 100], collection, first)
        comes = bool(random.integers(0, 3))
        for index in (ours, theirs):
            index.remove([(one.document_id, other) for one in some for other in "ab"])
            if comes:
                index.add(some)
    assert ours.count() == theirs.count() > 500
    for query in unit(5, 20):
        for collections in (("a",), ("b",), ("a", "b")):
            mine = ours.search(query, scope(*collections), 10)
            right = theirs.search(query, scope(*collections), 10)
            assert [h.score for h in mine] == pytest.approx([h.score for h in right], abs=2e-3)


def test_what_is_removed_is_never_found(gpu: GpuResources) -> None:
    rows = unit(6, 5000)
    index = FaissVectorIndex(DIMENSION, lambda: GpuMatrix(DIMENSION, gpu))
    index.add(passages(rows, "c"))
    index.remove([(f"d{number}", "c") for number in range(0, 5000, 2)])

    found = [hit for row in rows[:1000] for hit in index.search(row, scope("c"), 20)]

    assert len(found) == 20_000
    assert all(hit.passage_id % 2 for hit in found)


def test_questions_of_many_threads_are_exact(gpu: GpuResources) -> None:
    rows = unit(7, 20_000)
    index = FaissVectorIndex(DIMENSION, lambda: GpuMatrix(DIMENSION, gpu))
    index.add(passages(rows, "c"))

    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda row: index.search(row, scope("c"), 1), rows[:3000]))

    assert [hits[0].passage_id for hits in found] == list(range(3000))


def test_without_room_the_rows_move_to_the_host(gpu: GpuResources) -> None:
    rows = unit(8, 3000)
    index = FaissVectorIndex(DIMENSION, lambda: GpuMatrix(DIMENSION, gpu))
    index.add(passages(rows[:1000], "c"))
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        with pytest.raises(DeviceError, match="memory"):
            GpuMatrix(4096, gpu).append(np.zeros((100_000, 4096), np.float32))
        index.add(passages(np.tile(rows, (40, 1)), "c", 5000))
        found = [index.search(row, scope("c"), 1)[0].score for row in rows]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)

    assert found == pytest.approx([1.0] * 3000, abs=2e-3)
    assert index.count() == 1000 + 120_000


def test_a_selector_of_ids_is_ignored_by_faiss_on_a_gpu(gpu: GpuResources) -> None:
    """Why a Scope is a choice of matrices, and never a selector."""
    rows = unit(9, 1000)
    flat: Any = faiss.GpuIndexFlatIP(gpu.faiss, DIMENSION)
    flat.add(rows)
    only_odd: Any = faiss.SearchParameters(  # type: ignore[call-arg]
        sel=faiss.IDSelectorBatch(np.arange(1, 1000, 2))
    )

    scores, found = np.empty((1, 100), np.float32), np.empty((1, 100), np.int64)

    try:
        pointers = [faiss.swig_ptr(one) for one in (rows, scores, found)]
        flat.search_c(1, pointers[0], 100, pointers[1], pointers[2], only_odd)
    except RuntimeError:
        return  # refused: a selector is of no use here either
    assert (found % 2 == 0).any()
