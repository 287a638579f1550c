"""One battery for every index of vectors: FAISS, and a real Milvus server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pymilvus import MilvusClient

from services.domain.errors import NotReadyError
from services.domain.passages import IndexedPassage
from services.domain.scope import CollectionRole, Role, Scope
from services.index import VectorIndex
from services.index.faiss_vectors import FaissVectorIndex
from services.index.generations import Generations, Stamp
from services.index.milvus_vectors import MilvusVectorIndex

DIMENSION = 16
Open = Callable[[], VectorIndex]


@pytest.fixture(params=["faiss", "milvus"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return what opens the same store again, as the next start does."""
    if request.param == "faiss":
        yield lambda: FaissVectorIndex(DIMENSION)
        return
    url = request.getfixturevalue("milvus_url")
    yield lambda: MilvusVectorIndex(url, "a/model", DIMENSION)


def scope(*collections: str) -> Scope:
    return Scope("k", tuple(CollectionRole(one, one, Role.ASK) for one in collections))


def vector(seed: int) -> NDArray[np.float32]:
    row = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return row / np.linalg.norm(row)


def passage(number: int, collection: str = "c1", seed: int | None = None) -> IndexedPassage:
    made = vector(number if seed is None else seed).tobytes()
    return IndexedPassage(number, f"d{number // 2}", collection, made, "", "")


def found(index: VectorIndex, seed: int, *collections: str, limit: int = 3) -> list[int]:
    return [hit.passage_id for hit in index.search(vector(seed), scope(*collections), limit)]


def test_the_nearest_come_first_with_their_inner_product(opened: Open) -> None:
    index = opened()
    index.add([passage(number) for number in range(200)])
    query = vector(1000)
    best = sorted(range(200), key=lambda number: -float(vector(number) @ query))[:10]

    hits = index.search(query, scope("c1"), 10)

    assert [hit.passage_id for hit in hits] == best
    assert [hit.score for hit in hits] == pytest.approx(
        [float(vector(number) @ query) for number in best], abs=1e-4
    )


def test_a_scope_holds_before_anything_is_ranked(opened: Open) -> None:
    index = opened()
    index.add([passage(number, seed=7) for number in range(100)])
    index.add([passage(100, "c2"), passage(102, "c3")])

    assert found(index, 7, "c2") == [100]
    assert set(found(index, 7, "c2", "c3")) == {100, 102}
    assert found(index, 7) == []
    assert set(index.vectors([1, 100, 102], scope("c2"))) == {100}
    np.testing.assert_allclose(index.vectors([100], scope("c2"))[100], vector(100), atol=1e-6)


def test_a_hostile_name_is_a_name(opened: Open) -> None:
    index = opened()
    index.add([passage(1), passage(2, 'x"] or id > 0 or segment in ["')])

    assert found(index, 1, 'y"] or id > 0 or segment in ["') == []
    assert found(index, 1, 'x"] or id > 0 or segment in ["') == [2]
    assert index.remove([('d0"] or id > 0 or document in ["', "c1")]) == 0
    assert index.count() == 2


def test_what_is_removed_is_gone_at_once_and_what_is_added_again_replaces(opened: Open) -> None:
    index = opened()
    index.add([passage(number) for number in range(6)])

    assert index.remove([("d1", "c1"), ("d9", "c1"), ("d0", "c2")]) == 2
    assert not {2, 3} & set(found(index, 2, "c1", limit=6))
    index.add([passage(0, seed=77)])

    assert found(index, 77, "c1", limit=1) == [0]
    assert index.count() == 4


def test_a_passage_without_a_vector_is_left_out(opened: Open) -> None:
    index = opened()
    index.add([IndexedPassage(1, "d1", "c1", b"", "", "")])

    assert index.count() == 0
    assert found(index, 1, "c1") == []


def test_a_generation_brings_back_what_was_there(opened: Open, tmp_path: Path) -> None:
    first = opened()
    first.add([passage(number) for number in range(20)])
    generations, stamp = Generations(tmp_path / "generations"), Stamp(7, "m", DIMENSION, 1)
    generations.publish({"vectors": first}, stamp)
    again = opened()

    assert generations.load_newest({"vectors": again}, stamp) == stamp
    again.add([passage(30)])

    assert again.count() == 21
    assert found(again, 5, "c1", limit=1) == [5]


def test_who_builds_anew_starts_from_nothing(opened: Open) -> None:
    first = opened()
    first.add([passage(number) for number in range(20)])
    assert first.count() == 20
    again = opened()

    again.add([passage(3)])

    assert again.count() == 1
    assert found(again, 5, "c1") == [3]


def test_many_ask_at_once(opened: Open) -> None:
    index = opened()
    index.add([passage(number, f"c{number % 4}") for number in range(200)])

    with ThreadPoolExecutor(8) as threads:
        best = list(threads.map(lambda n: found(index, n, f"c{n % 4}", limit=1), range(100)))

    assert best == [[number] for number in range(100)]


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 15), st.sampled_from("ab")),
        max_size=25,
    )
)
def test_milvus_agrees_with_faiss_after_any_changes(
    milvus_url: str, steps: list[tuple[str, int, str]]
) -> None:
    ours, theirs = FaissVectorIndex(DIMENSION), MilvusVectorIndex(milvus_url, "m", DIMENSION)
    where: dict[int, str] = {}
    for step, number, collection in steps:
        if step == "add" and where.setdefault(number // 2, collection) == collection:
            ours.add([passage(number, collection)])
            theirs.add([passage(number, collection)])
        elif step == "remove":
            documents = [(f"d{number // 2}", collection)]
            assert ours.remove(documents) == theirs.remove(documents)

    for collections in (("a",), ("a", "b")):
        assert found(ours, 99, *collections, limit=8) == found(theirs, 99, *collections, limit=8)
    assert ours.count() == theirs.count()


def test_services_share_one_milvus_and_a_build_takes_over_when_it_is_searched(
    milvus_url: str,
) -> None:
    first = MilvusVectorIndex(milvus_url, "shared", DIMENSION)
    first.add([passage(number) for number in range(10)])
    assert first.count() == 10
    second = MilvusVectorIndex(milvus_url, "shared", DIMENSION)
    second.add([passage(number) for number in range(5)])
    # Not searched yet: the first service goes on with what is whole.
    assert first.count() == 10

    assert second.count() == 5

    first.add([passage(20)])
    assert second.count() == first.count() == 6


def test_a_generation_whose_vectors_milvus_lost_is_built_anew(
    milvus_url: str, tmp_path: Path
) -> None:
    index = MilvusVectorIndex(milvus_url, "lost", DIMENSION)
    index.add([passage(1)])
    generations, stamp = Generations(tmp_path / "generations"), Stamp(7, "m", DIMENSION, 1)
    generations.publish({"vectors": index}, stamp)
    client = MilvusClient(uri=milvus_url)
    held = client.describe_alias("footnote_lost")["collection_name"]
    client.drop_alias("footnote_lost")
    client.drop_collection(held)

    again = MilvusVectorIndex(milvus_url, "lost", DIMENSION)

    assert generations.load_newest({"vectors": again}, stamp) is None
    assert generations.numbers() == []
    again.add([passage(1)])
    assert again.count() == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(NotReadyError, match="FOOTNOTE_MILVUS_URL"):
        MilvusVectorIndex("http://127.0.0.1:9", "m", DIMENSION)
