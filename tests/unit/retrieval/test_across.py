"""Questions in the other language."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.domain.passages import AnalysedPassage, Found, IndexedPassage, Passage
from services.domain.scope import CollectionRole, Role, Scope
from services.index.tantivy_words import TantivyWordIndex
from services.language.terms import terms
from services.retrieval import Retrieval
from services.retrieval.across import Across, joined

SCOPE = Scope("k", (CollectionRole("c", "c", Role.ASK),))
ENGLISH = (
    "Annual leave: every employee has 26 days of annual leave a year, and more after five years.",
    "A lost laptop is reported to the security desk within one hour of the loss.",
    "The canteen is on the ground floor and opens at noon.",
)
CHINESE = (
    "每位员工每年享有26天带薪年假，司龄满五年的更多。",
    "笔记本电脑丢失后，须在一小时内通知安全值班室。",
    "食堂在一楼，中午开放。",
)


def passage(number: int, text: str) -> AnalysedPassage:
    return AnalysedPassage(
        Passage(
            id=number,
            document_id=f"d{number}",
            document_name="",
            document_title="",
            source_id="",
            collection_id="c",
            collection="c",
            ordinal=0,
            text=text,
            start=0,
            end=len(text),
        ),
        "",
        " ".join(terms(text)),
    )


def across(folder: Path, texts: Sequence[str]) -> tuple[Across, dict[int, AnalysedPassage]]:
    stored = {i: passage(i, text) for i, text in enumerate(texts, 1)}
    words = TantivyWordIndex(folder / "words")
    words.add(
        [IndexedPassage(i, f"d{i}", "c", b"", "", one.body_terms) for i, one in stored.items()]
    )
    return Across(words), stored


@pytest.mark.parametrize(
    ("question", "texts", "said"),
    [
        ("员工有多少天年假？", ENGLISH, "annual leave"),
        ("笔记本电脑丢了要通知谁？", ENGLISH, "laptop"),
        ("How many days of annual leave does an employee have?", CHINESE, "年假"),
        ("What about a lost laptop?", CHINESE, "笔记本电脑"),
    ],
)
def test_a_question_is_put_in_the_words_of_the_texts(
    tmp_path: Path, question: str, texts: Sequence[str], said: str
) -> None:
    one, stored = across(tmp_path, texts)

    found = one.translated(question, SCOPE, lambda ids: {i: stored[i] for i in ids})

    assert found is not None
    assert said in found.text
    assert all(each.weight > 0 for each in found.meant)


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("How many days of annual leave are there?", ENGLISH),
        ("年假有多少天？", CHINESE),
        ("年假有多少天？", ()),
        ("鑫鑫淼淼", ENGLISH),
        ("？", ENGLISH),
    ],
)
def test_there_is_nothing_to_put_it_for(
    tmp_path: Path, question: str, texts: Sequence[str]
) -> None:
    one, stored = across(tmp_path, texts)

    assert one.translated(question, SCOPE, lambda ids: {i: stored[i] for i in ids}) is None


def test_where_all_texts_are_seen_no_dictionary_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ("Badges: ask Ada.", "Parking: ask Ben.")
    one, stored = across(tmp_path, few)

    def fail() -> None:
        pytest.fail("the dictionary is opened")

    monkeypatch.setattr("services.language.translation.dictionary", fail)

    assert one.translated("Who gives badges?", SCOPE, lambda _: {}, stored) is None


def test_what_is_deleted_meanwhile_is_not_needed(tmp_path: Path) -> None:
    one, _ = across(tmp_path, ENGLISH)

    assert one.translated("年假", SCOPE, lambda _: {}) is None


def test_words_that_no_text_has_are_said_in_those_of_the_texts(tmp_path: Path) -> None:
    texts = (*CHINESE, "工资于每月15日发放，遇节假日提前。")
    one, stored = across(tmp_path, texts)

    def read(ids: Sequence[int]) -> dict[int, AnalysedPassage]:
        return {i: stored[i] for i in ids}

    assert one.reworded("薪水每月什么时候发放？", SCOPE, read) == "工资每月什么时候发放?"
    # All words are there, none has others, or it is not Chinese.
    assert one.reworded("工资每月什么时候发放？", SCOPE, read) is None
    assert one.reworded("鑫鑫淼淼每月什么时候发放？", SCOPE, read) is None
    assert one.reworded("When is the salary paid?", SCOPE, read) is None


def found(*scores: float, first: int = 1) -> Retrieval:
    passages = [passage(i, f"text {i}").passage for i in range(first, first + len(scores))]
    return Retrieval("q", "en", [Found(p, s) for p, s in zip(passages, scores, strict=True)])


def test_the_other_languages_best_stands_behind_the_questions_own_best() -> None:
    both = joined(found(10.0, 7.0, 5.0, 1.0), found(40.0, 30.0, first=11), 5)

    assert [one.passage.id for one in both.found] == [1, 2, 11, 3, 12]
    assert both.trace["translated"] == "q"


def test_a_name_in_a_text_of_the_other_language_is_no_measure_of_its_best() -> None:
    # A Chinese question that found English texts alone, by a name in it.
    own = replace(found(0.2, 0.1), language="zh")

    both = joined(own, found(4.0, 3.0, first=11), 4)

    assert [(one.passage.id, one.score) for one in both.found][:2] == [(11, 4.0), (12, 3.0)]


def test_where_nothing_else_was_found_it_stands_alone() -> None:
    assert [one.score for one in joined(found(), found(40.0), 5).found] == [40.0]
    own = found(2.0)
    assert [o.passage.id for o in joined(own, found(40.0, 39.0), 5).found] == [1, 2]
    assert len(joined(own, replace(own, found=found(3.0, first=9).found), 1).found) == 1
