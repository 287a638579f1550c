"""Many rows on a CPU: in mapped files, and codes that choose among them first."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.domain.passages import IndexedPassage
from services.domain.scope import CollectionRole, Role, Scope
from services.index import row_store
from services.index.faiss_coarse import Coarse
from services.index.faiss_matrix import HostMatrix
from services.index.faiss_vectors import FaissVectorIndex
from services.index.generations import Generations, Stamp
from services.index.row_store import RowStore

DIMENSION = 32
FROM = 3000
PATIENCE_S = 60
SCOPE = Scope("k", (CollectionRole("c", "c", Role.ASK),))


def unit(seed: int, count: int) -> NDArray[np.float32]:
    """Return vectors around forty centres, as texts about the same things have them."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(40, DIMENSION))
    rows = centres[random.integers(0, 40, count)] + 0.6 * random.normal(size=(count, DIMENSION))
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found.astype(np.float32)


def passages(first: int, rows: NDArray[np.float32]) -> list[IndexedPassage]:
    return [
        IndexedPassage(number, f"d{number}", "c", row.tobytes(), "", "")
        for number, row in enumerate(rows, first)
    ]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaissVectorIndex:
    monkeypatch.setattr(row_store, "MAPPED_FROM", 1024)
    return opened(tmp_path)


def opened(folder: Path) -> FaissVectorIndex:
    return FaissVectorIndex(DIMENSION, lambda: HostMatrix(DIMENSION, folder / "rows", FROM))


def matrix_of(index: FaissVectorIndex) -> HostMatrix:
    matrix = index._segments["c"].matrix
    assert isinstance(matrix, HostMatrix)
    return matrix


def found(index: FaissVectorIndex, query: NDArray[np.float32], limit: int = 10) -> list[int]:
    return [hit.passage_id for hit in index.search(query, SCOPE, limit)]


def right(held: dict[int, NDArray[np.float32]], query: NDArray[np.float32]) -> set[int]:
    ids = np.array(list(held))
    scores = np.stack(list(held.values())) @ query
    return set(ids[np.argsort(-scores)[:10]].tolist())


def recall(index: FaissVectorIndex, held: dict[int, NDArray[np.float32]]) -> float:
    queries = unit(99, 100)
    hits = [len(right(held, query) & set(found(index, query))) for query in queries]
    return sum(hits) / 1000


@given(
    opened=st.integers(0, 30),  # 8 and more stay in their file
    steps=st.lists(st.tuples(st.sampled_from(["add", "put", "fill"]), st.integers(0, 40))),
)
@settings(max_examples=150, deadline=None)
def test_a_store_is_a_list_of_rows(
    tmp_path_factory: pytest.TempPathFactory, opened: int, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    kept, row_store.MAPPED_FROM = row_store.MAPPED_FROM, 8
    try:
        start = np.random.default_rng(0).normal(size=(opened, 3)).astype(np.float32)
        start.tofile(folder / "start")
        store = RowStore(3, folder)
        store.open(folder / "start", opened)
        model = list(start)
        for number, (step, amount) in enumerate(steps):
            new = np.full((amount, 3), number, np.float32)
            if step == "add":
                store.append(new)
                model += list(new)
            elif model and step == "put":
                store.put(amount % len(model), np.full(3, number, np.float32))
                model[amount % len(model)] = np.full(3, number, np.float32)
            elif model:
                store.fill(amount % len(model))
                model[amount % len(model)] = model[-1]
                model.pop()
        assert store.count == len(model)
        wanted = np.array(model, np.float32).reshape(-1, 3)
        numbers = np.arange(len(model), dtype=np.int64)[::-1]
        assert np.array_equal(store.rows(numbers), wanted[::-1])
        from_third = [row for _, part in store.parts(3) for row in part]
        assert np.array_equal(np.array(from_third).reshape(-1, 3), wanted[3:])
        assert np.array_equal(np.fromfile(folder / "start", "<f4"), start.ravel())
    finally:
        row_store.MAPPED_FROM = kept


def test_many_are_chosen_by_codes_and_nearly_all_that_is_near_is_found(
    index: FaissVectorIndex,
) -> None:
    rows = unit(2, 8000)
    index.add(passages(0, rows))
    assert index.settle(PATIENCE_S)

    assert matrix_of(index).coded == 8000
    assert recall(index, dict(enumerate(rows))) >= 0.95


def test_scores_are_inner_products_in_falling_order(index: FaissVectorIndex) -> None:
    rows = unit(2, 5000)
    index.add(passages(0, rows))
    assert index.settle(PATIENCE_S)

    for query in unit(5, 20):
        hits = index.search(query, SCOPE, 10)
        assert [hit.score for hit in hits] == pytest.approx(
            [float(rows[hit.passage_id] @ query) for hit in hits], abs=1e-5
        )
        assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))


def test_what_is_added_is_found_and_what_is_removed_is_not_from_the_next_search_on(
    index: FaissVectorIndex,
) -> None:
    """Also while codes are being made."""
    held = dict(enumerate(unit(2, 6000)))
    index.add(passages(0, np.stack(list(held.values()))))
    random = np.random.default_rng(8)
    for turn in range(400):
        if turn % 100 == 99:
            index.settle(PATIENCE_S)
        new = 10_000 + turn
        held[new] = unit(new, 1)[0]
        index.add(passages(new, held[new][None]))
        assert found(index, held[new], 1) == [new]
        gone = int(random.choice(list(held)))
        query = held.pop(gone)
        index.remove([(f"d{gone}", "c")])
        assert gone not in found(index, query)
        changed = int(random.choice(list(held)))
        held[changed] = unit(20_000 + turn, 1)[0]
        index.add(passages(changed, held[changed][None]))
        assert found(index, held[changed], 1) == [changed]
    assert index.settle(PATIENCE_S)
    assert index.count() == len(held)
    assert recall(index, held) >= 0.95


def test_searches_go_on_while_codes_are_made(index: FaissVectorIndex) -> None:
    rows = unit(2, 20_000)
    index.add(passages(0, rows[:FROM]))
    over = threading.Event()
    wrong: list[int] = []

    def ask() -> None:
        while not over.is_set():
            number = int(np.random.default_rng().integers(FROM))
            if found(index, rows[number], 1) != [number]:
                wrong.append(number)

    asking = threading.Thread(target=ask)
    asking.start()
    for start in range(FROM, len(rows), 1000):
        index.add(passages(start, rows[start : start + 1000]))
    assert index.settle(PATIENCE_S)
    over.set()
    asking.join()

    assert not wrong
    assert matrix_of(index).coded == len(rows)


def test_a_collection_that_shrinks_is_compared_whole_again(index: FaissVectorIndex) -> None:
    rows = unit(2, 4000)
    index.add(passages(0, rows))
    assert index.settle(PATIENCE_S)
    index.remove([(f"d{number}", "c") for number in range(100, 4000)])
    assert index.settle(PATIENCE_S)

    assert matrix_of(index).coded == 0
    assert recall(index, dict(enumerate(rows[:100]))) == 1.0


def test_more_than_there_is_in_the_lists_is_all_there_is(index: FaissVectorIndex) -> None:
    rows = unit(2, 4000)
    index.add(passages(0, rows))
    assert index.settle(PATIENCE_S)

    assert len(set(found(index, rows[0], 5000))) == 4000


def test_a_generation_holds_the_codes(tmp_path: Path, index: FaissVectorIndex) -> None:
    rows = unit(2, 5000)
    index.add(passages(0, rows))
    assert index.settle(PATIENCE_S)
    index.remove([("d7", "c")])
    generations, stamp = Generations(tmp_path / "generations"), Stamp(1, "m", DIMENSION, 1)
    before = index.is_saved
    generations.publish({"vectors": index}, stamp)
    assert (before, index.is_saved) == (False, True)
    again = opened(tmp_path)

    assert generations.load_newest({"vectors": again}, stamp) == stamp

    assert again.is_saved
    assert again.settle(0)
    assert matrix_of(again).coded == matrix_of(index).coded
    assert [found(again, query) for query in rows[:50]] == [
        found(index, query) for query in rows[:50]
    ]
    again.add(passages(9000, unit(9000, 1)))
    again.remove([("d8", "c")])
    assert found(again, unit(9000, 1)[0], 1) == [9000]
    assert 8 not in found(again, rows[8])
    assert generations.verify(1) == stamp


def test_codes_that_do_not_fit_their_rows_are_made_anew(
    tmp_path: Path, index: FaissVectorIndex
) -> None:
    index.add(passages(0, unit(2, 5000)))
    assert index.settle(PATIENCE_S)
    index.save(tmp_path)
    keys = tmp_path / "c.keys"
    keys.write_bytes(np.full(5000, -1, "<i8").tobytes())
    again = opened(tmp_path)
    again.load(tmp_path)

    assert again.settle(PATIENCE_S)
    assert matrix_of(again).coded == 5000


def test_codes_that_cannot_be_made_are_missed_by_nobody(
    index: FaissVectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Coarse, "train", no_memory)
    rows = unit(2, 5000)
    index.add(passages(0, rows[:4000]))
    assert index.settle(PATIENCE_S)
    index.add(passages(4000, rows[4000:]))

    assert index.settle(0)
    assert matrix_of(index)._next is None
    assert recall(index, dict(enumerate(rows))) == 1.0


def full(*_args: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_folder(*_args: object, **_kwargs: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize(("name", "fault"), [("posix_fallocate", full), ("dup", no_folder)])
def test_without_room_on_the_disk_rows_stay_in_memory(
    index: FaissVectorIndex,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: Callable[..., None],
) -> None:
    rows = unit(2, 2500)
    index.add(passages(0, rows[:1000]))
    with monkeypatch.context() as broken:
        broken.setattr(os, name, fault)
        index.add(passages(1000, rows[1000:]))

    assert index.count() == 2500
    assert found(index, rows[2000], 1) == [2000]


def test_rows_much_alike_do_not_make_every_list_be_looked_at(tmp_path: Path) -> None:
    """Of texts that differ in a word, codes cannot tell the nearest, wherever they look."""
    random = np.random.default_rng(8)
    few = unit(3, 50)[random.integers(0, 50, 9000)]
    rows = few + 0.001 * random.normal(size=few.shape).astype(np.float32)
    matrix = HostMatrix(DIMENSION, tmp_path, FROM)
    matrix.append(rows.astype(np.float32))

    matrix.tend(threading.Lock())

    coarse = matrix._coarse
    assert coarse is not None
    assert coarse.coded == len(rows)
    assert coarse._probed < coarse.lists
    saved = tmp_path / "saved"
    coarse._probed = coarse.lists
    coarse.save(saved)
    loaded = Coarse.load(saved, DIMENSION, len(rows))
    assert loaded is not None
    # Where an older release looked at all lists, the number is found out again.
    assert loaded.tuned_on == 0
