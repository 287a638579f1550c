"""One battery for every index of vectors: FAISS, a real Milvus server, stores of LangChain's."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pymilvus import MilvusClient

from services.domain.errors import DamagedGenerationError, NotReadyError, SettingsError
from services.domain.passages import IndexedPassage
from services.domain.scope import CollectionRole, Role, Scope
from services.index import VectorIndex
from services.index.faiss_vectors import FaissVectorIndex
from services.index.generations import Generations, Stamp
from services.index.langchain_vectors import LangChainVectorIndex
from services.index.milvus_vectors import MilvusVectorIndex
from services.index.opening import Place, open_vector_index

DIMENSION = 16
Open = Callable[[], VectorIndex]


@pytest.fixture(params=["faiss", "milvus", "langchain-memory", "langchain-qdrant"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return what opens the same store again, as the next start does."""
    if request.param == "faiss":
        yield lambda: FaissVectorIndex(DIMENSION)
        return
    if request.param.startswith("langchain"):
        lasting = request.getfixturevalue("lasting")
        yield lambda: LangChainVectorIndex(f"{lasting}:{request.param[10:]}", DIMENSION)
        return
    url = request.getfixturevalue("milvus_url")
    yield lambda: MilvusVectorIndex(url, "a/model", DIMENSION)


@pytest.fixture
def lasting(tmp_path: Path) -> Path:
    """Return a file that opens stores which outlive who opened them."""
    path = tmp_path / "lasting.py"
    path.write_text("from tests.vector_stores import memory, qdrant", encoding="utf-8")
    return path


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
    generations.publish({first.kind: first}, stamp)
    again = opened()

    assert generations.load_newest({again.kind: again}, stamp) == stamp
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
    generations.publish({index.kind: index}, stamp)
    client = MilvusClient(uri=milvus_url)
    held = client.describe_alias("footnote_lost")["collection_name"]
    client.drop_alias("footnote_lost")
    client.drop_collection(held)

    again = MilvusVectorIndex(milvus_url, "lost", DIMENSION)

    assert generations.load_newest({again.kind: again}, stamp) is None
    assert generations.numbers() == []
    again.add([passage(1)])
    assert again.count() == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(NotReadyError, match="FOOTNOTE_MILVUS_URL"):
        MilvusVectorIndex("http://127.0.0.1:9", "m", DIMENSION)


STORES = """
from langchain_core.vectorstores import InMemoryVectorStore


class Failing(InMemoryVectorStore):
    def similarity_search(self, query, k=4, **kwargs):
        raise OSError("the disk\\nis gone")


def memory(name, embeddings):
    return InMemoryVectorStore(embeddings)


def failing(name, embeddings):
    return Failing(embeddings)


def none(name, embeddings):
    return None


number = 7
"""


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    path = tmp_path / "stores.py"
    path.write_text(STORES, encoding="utf-8")
    return path


@pytest.mark.parametrize("named", ["stores.py", "absent.py:one", "{}:absent", "{}:number"])
def test_a_function_that_is_not_there_is_named(stores: Path, named: str) -> None:
    with pytest.raises(SettingsError, match="FOOTNOTE_VECTOR_STORE"):
        LangChainVectorIndex(named.format(stores), DIMENSION)


def test_a_store_that_fails_is_told_and_another_try_is_possible(stores: Path) -> None:
    index = LangChainVectorIndex(f"{stores}:failing", DIMENSION)
    index.add([passage(1)])

    with pytest.raises(NotReadyError, match="OSError: the disk is gone"):
        found(index, 1, "c1")
    assert index.remove([("d0", "c1")]) == 1
    with pytest.raises(NotReadyError, match="NoneType is no VectorStore"):
        LangChainVectorIndex(f"{stores}:none", DIMENSION).add([passage(1)])


def test_what_a_store_lost_is_built_anew(stores: Path, tmp_path: Path) -> None:
    index = LangChainVectorIndex(f"{stores}:memory", DIMENSION)
    index.add([passage(1)])
    (tmp_path / "saved").mkdir()
    index.save(tmp_path / "saved")
    again = LangChainVectorIndex(f"{stores}:memory", DIMENSION)

    with pytest.raises(DamagedGenerationError):
        again.load(tmp_path / "saved")

    assert again.count() == 0
    again.add([passage(2)])
    assert found(again, 2, "c1") == [2]


def test_what_a_crash_left_in_a_store_is_never_found(lasting: Path, tmp_path: Path) -> None:
    stores = f"{lasting}:memory"
    first = LangChainVectorIndex(stores, DIMENSION)
    first.add([passage(number) for number in range(6)])
    (tmp_path / "saved").mkdir()
    first.save(tmp_path / "saved")
    first.add([passage(number) for number in range(6, 12)])

    again = LangChainVectorIndex(stores, DIMENSION)
    again.load(tmp_path / "saved")

    assert set(found(again, 8, "c1", limit=6)) == set(range(6))


def test_another_kind_of_store_does_not_load_what_one_saved(stores: Path, tmp_path: Path) -> None:
    generations, stamp = Generations(tmp_path / "generations"), Stamp(7, "m", DIMENSION, 1)
    ours: VectorIndex = FaissVectorIndex(DIMENSION)
    theirs: VectorIndex = LangChainVectorIndex(f"{stores}:memory", DIMENSION)
    for saved, wanted in ((ours, theirs), (theirs, ours)):
        saved.add([passage(1)])
        generations.publish({saved.kind: saved}, stamp)

        assert generations.load_newest({wanted.kind: wanted}, stamp) is None
        assert generations.numbers() == []


def test_two_stores_at_once_are_refused(tmp_path: Path) -> None:
    place = Place("cpu", tmp_path, "http://127.0.0.1:9", "stores.py:one")

    with pytest.raises(SettingsError, match="not both"):
        open_vector_index(place, Stamp(0, "m", DIMENSION, 1))
