"""One battery for each index Protocol, run for the adapter and its twin."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from typing_extensions import override

from services.domain.errors import DamagedGenerationError, SettingsError
from services.domain.passages import AnalysedPassage, IndexedPassage, Passage
from services.domain.scope import CollectionRole, Role, Scope
from services.index import TermStatistics, WordIndex
from services.index.faiss_matrix import HostMatrix
from services.index.faiss_vectors import FaissVectorIndex, gpus
from services.index.gathering import Gathering
from services.index.generations import Generations, Stamp
from services.index.matrices import DeviceError
from services.index.memory_words import MemoryWordIndex
from services.index.opening import open_vectors
from services.index.tantivy_words import TITLE_WEIGHT, TantivyWordIndex
from services.language.terms import terms
from services.retrieval.bm25 import counted, scores

DIMENSION = 8


def scope(*collections: str) -> Scope:
    return Scope("k", tuple(CollectionRole(one, one, Role.ASK) for one in collections))


def vector(seed: int) -> NDArray[np.float32]:
    row = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return row / np.linalg.norm(row)


def passage(number: int, text: str = "", title: str = "", collection: str = "c1") -> IndexedPassage:
    return IndexedPassage(
        passage_id=number,
        document_id=f"d{number}",
        collection_id=collection,
        vector=vector(number).tobytes(),
        title_terms=" ".join(terms(title)),
        body_terms=" ".join(terms(text)),
    )


def asked(text: str) -> list[tuple[str, float]]:
    return [(term, 1.0) for term in terms(text)]


@pytest.fixture(params=["tantivy", "memory"])
def words(request: pytest.FixtureRequest, tmp_path: Path) -> WordIndex:
    return TantivyWordIndex(tmp_path / "w") if request.param == "tantivy" else MemoryWordIndex()


def test_words_find_both_languages(words: WordIndex) -> None:
    words.add(
        [passage(1, "每位员工每年有23天带薪年假"), passage(2, "Employees take parental leave")]
    )

    assert [hit.passage_id for hit in words.search(asked("年假"), scope("c1"), 5)] == [1]
    assert [hit.passage_id for hit in words.search(asked("an employee"), scope("c1"), 5)] == [2]


def test_what_the_scope_does_not_hold_is_not_found(words: WordIndex) -> None:
    words.add([passage(1, "secret plan"), passage(2, "secret plan", collection="c2")])

    assert [h.passage_id for h in words.search(asked("secret"), scope("c2"), 5)] == [2]
    assert words.search(asked("secret"), scope(), 5) == []
    assert words.statistics(["secret"], scope("c2"), "body") == {
        "c2": TermStatistics(1, 2.0, {"secret": 1})
    }
    assert words.statistics(["secret"], scope(), "body") == {}


def test_what_others_hold_changes_no_score(words: WordIndex) -> None:
    words.add([passage(1, "rare word here"), passage(2, "another text")])
    alone = words.search(asked("rare"), scope("c1"), 5)

    words.add([passage(3 + i, "rare rare rare", collection="c2") for i in range(20)])

    assert words.search(asked("rare"), scope("c1"), 5) == alone


def test_a_removed_document_is_gone_at_once(words: WordIndex) -> None:
    words.add([passage(1, "old text"), passage(2, "old text")])

    assert words.remove([("d1", "c1")]) == 1
    assert [h.passage_id for h in words.search(asked("old"), scope("c1"), 5)] == [2]
    assert words.count() == 1


def test_adding_again_replaces(words: WordIndex) -> None:
    words.add([passage(1, "before")])
    words.add([passage(1, "after")])

    assert words.search(asked("before"), scope("c1"), 5) == []
    assert words.count() == 1


def test_a_title_counts_beside_the_text(words: WordIndex) -> None:
    words.add([passage(1, "about leave"), passage(2, "about other things", title="Leave")])

    assert {h.passage_id for h in words.search(asked("leave"), scope("c1"), 5)} == {1, 2}
    assert words.statistics(terms("leave other"), scope("c1"), "title") == {
        "c1": TermStatistics(2, 0.5, dict.fromkeys(terms("other"), 0) | {"leav": 1})
    }


def test_the_twin_scores_as_tantivy_does(tmp_path: Path) -> None:
    texts = ["leave days and days", "sick leave", "working hours", "days", "年假 days leave"]
    real, twin = TantivyWordIndex(tmp_path / "w"), MemoryWordIndex()
    for index in (real, twin):
        index.add([passage(i, text, title="Handbook days") for i, text in enumerate(texts, 1)])

    ours = real.search(asked("leave days"), scope("c1"), 5)
    theirs = twin.search(asked("leave days"), scope("c1"), 5)

    assert [h.passage_id for h in ours] == [h.passage_id for h in theirs]
    assert [h.score for h in ours] == pytest.approx([h.score for h in theirs], rel=1e-3)


def test_passages_are_scored_again_as_the_index_scores_them(words: WordIndex) -> None:
    picked = np.random.default_rng(5)
    common = ["leave", "days", "paid", "年假", "sick"]
    held = []
    for number, length in enumerate([1, 2, 39, 40, 41, 57, 300, 1111, 5000, *range(60, 160, 7)], 1):
        text = " ".join([*picked.choice(common, 3), *(f"w{n}" for n in range(length))])
        held.append(passage(number, text, title=str(picked.choice(common))))
        held.append(passage(number + 500, text, collection="c2"))
    gone = [passage(800 + n, "paid leave", title="leave") for n in range(25)]
    words.add([*held[:30], *gone])
    words.add(held[30:])
    for one in gone:
        words.remove([(one.document_id, "c1")])
    question = [(term, 0.5 + n) for n, (term, _) in enumerate(asked("paid leave 年假"))]

    known = {f: words.statistics(dict(question), scope("c1", "c2"), f) for f in ("body", "title")}
    stored = {one.passage_id: _analysed(one) for one in held}
    again = counted(stored, dict(question))
    body, title = (scores(question, one, again, f) for f, one in known.items())
    hits = words.search(question, scope("c1", "c2"), 100)

    assert len(hits) > 20
    assert {hit.passage_id for hit in hits} == set(body)
    assert min(body.values()) > 0
    assert any(title.values())
    for hit in hits:
        score = body[hit.passage_id] + TITLE_WEIGHT * title.get(hit.passage_id, 0.0)
        # The twin does not round lengths to a byte.
        near = 1e-5 if isinstance(words, TantivyWordIndex) else 0.1
        assert score == pytest.approx(hit.score, rel=near)


def _analysed(one: IndexedPassage) -> AnalysedPassage:
    bare = Passage(
        id=one.passage_id,
        document_id=one.document_id,
        document_name="",
        document_title="",
        source_id="",
        collection_id=one.collection_id,
        collection="",
        ordinal=0,
        text="",
        start=0,
        end=0,
    )
    return AnalysedPassage(bare, one.title_terms, one.body_terms)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.integers(1, 30), st.sampled_from("ab")),
        max_size=60,
    )
)
def test_vectors_agree_with_brute_force_after_any_changes(
    steps: list[tuple[str, int, str]],
) -> None:
    index = FaissVectorIndex(DIMENSION)
    held: dict[int, str] = {}
    for step, number, collection in steps:
        if step == "add" and held.get(number, collection) == collection:
            index.add([passage(number, collection=collection)])
            held[number] = collection
        elif step == "remove" and number in held:
            assert index.remove([(f"d{number}", held.pop(number))]) == 1
    query = vector(1000)

    for collections in (("a",), ("b",), ("a", "b")):
        within = [number for number, where in held.items() if where in collections]
        best = sorted(within, key=lambda n: -float(vector(n) @ query))[:5]
        assert [h.passage_id for h in index.search(query, scope(*collections), 5)] == best
    assert index.count() == len(held)


class FullDevice(HostMatrix):
    """A device with room for seven rows, that stops answering after twenty searches."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.searches = 0

    @override
    def append(self, rows: NDArray[np.float32]) -> None:
        if self.count + len(rows) > 7:
            raise DeviceError("out of memory")
        super().append(rows)

    @override
    def nearest(
        self, queries: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        self.searches += 1
        if self.searches > 20:
            raise DeviceError("an illegal memory access was encountered")
        return super().nearest(queries, limit)


def test_vectors_move_to_the_host_when_the_device_is_full() -> None:
    index = FaissVectorIndex(DIMENSION, FullDevice)
    for number in range(1, 7):
        index.add([passage(number, collection="ab"[number % 2])])
    index.remove([("d2", "a")])

    index.add([passage(number, collection="a") for number in range(10, 20)])
    index.add([passage(number, collection="c") for number in range(20, 30)])

    for number in (1, 3, 4, 5, 6, *range(10, 30)):
        found = index.search(vector(number), scope("a", "b", "c"), 1)
        assert [hit.passage_id for hit in found] == [number]
    assert index.search(vector(2), scope("a", "b"), 1)[0].passage_id != 2


def test_vectors_are_found_after_the_device_stopped_answering() -> None:
    index = FaissVectorIndex(DIMENSION, FullDevice)
    index.add([passage(number) for number in range(1, 6)])

    found = [index.search(vector(3), scope("c1"), 1)[0].passage_id for _ in range(30)]

    assert found == [3] * 30


def test_questions_at_once_share_a_pass_and_see_only_their_scope() -> None:
    index = FaissVectorIndex(DIMENSION)
    index.add([passage(number, collection=f"c{number % 4}") for number in range(200)])
    asked_at_once = [(number, f"c{number % 4}") for number in range(200)]

    with ThreadPoolExecutor(32) as threads:
        found = list(
            threads.map(lambda one: index.search(vector(one[0]), scope(one[1]), 3), asked_at_once)
        )

    assert [hits[0].passage_id for hits in found] == list(range(200))
    assert all(hit.passage_id % 4 == n % 4 for n, hits in enumerate(found) for hit in hits)


@pytest.mark.skipif(gpus() > 0, reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named_with_its_mend() -> None:
    with pytest.raises(SettingsError, match=r"FOOTNOTE_INDEX_DEVICE=gpu: .* set it to auto"):
        open_vectors("gpu", DIMENSION)


def test_gathered_questions_are_answered_once_and_errors_reach_all_who_asked() -> None:
    entered, go_on = threading.Event(), threading.Event()

    def answer(questions: Sequence[int]) -> list[int]:
        entered.set()
        go_on.wait(10)
        if 13 in questions:
            raise ValueError("thirteen")
        return [2 * one for one in questions]

    gathering = Gathering("test", answer)
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(gathering.ask, 1)
        entered.wait(10)
        together = [threads.submit(gathering.ask, number) for number in range(2, 12)]
        while gathering._waiting.qsize() < 10:
            time.sleep(0.001)
        go_on.set()
        assert [one.result(10) for one in (first, *together)] == [2 * n for n in range(1, 12)]
        assert gathering.rounds == 2
        with pytest.raises(ValueError, match="thirteen"):
            gathering.ask(13)


def test_a_passage_without_a_vector_is_not_searched_by_meaning() -> None:
    index = FaissVectorIndex(DIMENSION)
    bare = IndexedPassage(1, "d1", "c1", b"", "", "")

    index.add([bare])

    assert index.count() == 0


def built(folder: Path) -> tuple[FaissVectorIndex, TantivyWordIndex]:
    return FaissVectorIndex(DIMENSION), TantivyWordIndex(folder)


STAMP = Stamp(7, "model", DIMENSION, 1)


def published(tmp_path: Path) -> Generations:
    vectors, words = built(tmp_path / "live")
    for index in (vectors, words):
        index.add([passage(i, f"text number {i}") for i in range(1, 20)])
    generations = Generations(tmp_path / "generations")
    generations.publish({"vectors": vectors, "words": words}, STAMP)
    return generations


def test_a_generation_gives_the_same_answers(tmp_path: Path) -> None:
    generations = published(tmp_path)
    vectors, words = built(tmp_path / "other")

    stamp = generations.load_newest({"vectors": vectors, "words": words}, STAMP)

    assert stamp == STAMP
    assert vectors.search(vector(5), scope("c1"), 1)[0].passage_id == 5
    assert words.search(asked("number"), scope("c1"), 50)[0].score > 0
    words.add([passage(99, "later")])
    assert generations.verify(1) == STAMP


@pytest.mark.parametrize("damage", ["flip", "truncate", "manifest"])
def test_damage_is_found_before_a_library_opens_it(tmp_path: Path, damage: str) -> None:
    generations = published(tmp_path)
    folder = tmp_path / "generations" / "00000001"
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != "manifest.json"]
    for file in [folder / "manifest.json"] if damage == "manifest" else files:
        kept = file.read_bytes()
        if not kept:
            continue
        middle = len(kept) // 2
        broken = (
            kept[:middle]
            if damage == "truncate"
            else kept[:middle] + bytes([kept[middle] ^ 1]) + kept[middle + 1 :]
        )
        # A new file, as the live index may share the old one.
        file.unlink()
        file.write_bytes(broken)
        with pytest.raises(DamagedGenerationError):
            generations.verify(1)
        file.unlink()
        file.write_bytes(kept)
    generations.verify(1)


def test_another_model_or_analysis_fits_no_old_generation(tmp_path: Path) -> None:
    generations = published(tmp_path)
    vectors, words = built(tmp_path / "other")
    wanted = Stamp(0, "another-model", DIMENSION, 1)

    assert generations.load_newest({"vectors": vectors, "words": words}, wanted) is None
    assert generations.numbers() == []


def test_words_start_empty_though_somebody_who_is_ending_still_writes(tmp_path: Path) -> None:
    folder, over = tmp_path / "words", threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            try:
                (folder / f"late-{number}").touch()
            except OSError:
                continue

    TantivyWordIndex(folder)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            TantivyWordIndex(folder)
    finally:
        over.set()
        writer.join()

    assert TantivyWordIndex(folder).count() == 0
    assert list(tmp_path.iterdir()) == [folder]


def test_what_was_half_removed_goes_at_the_next_start(tmp_path: Path) -> None:
    generations = published(tmp_path)
    [number] = generations.numbers()
    folder = tmp_path / "generations"
    (folder / f"{number:08d}").rename(folder / f"{number:08d}-1-gone.part")

    assert Generations(folder).numbers() == []

    assert list(folder.iterdir()) == []
