"""Words in the other language."""

import pytest

from services.language.bilingual import dictionary, key_of
from services.language.glossing import glossed
from services.language.translation import concepts, terms_of


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("薪水", "salary"), ("年假", "annual leave"), ("U盘", "USB flash drive"), ("红", "red")],
)
def test_a_chinese_word_means_first_what_it_means_most(word: str, meaning: str) -> None:
    assert dictionary().in_english(word)[0] == meaning


@pytest.mark.parametrize(
    ("phrase", "word"),
    [
        ("annual leave", "年假"),
        ("password", "密码"),
        ("Probationary period", "试用期"),
    ],
)
def test_an_english_meaning_has_chinese_words(phrase: str, word: str) -> None:
    assert word in dictionary().in_chinese(key_of(phrase))


def test_what_nobody_knows_has_none() -> None:
    assert dictionary().in_english("擒抱") == []
    assert dictionary().in_chinese(key_of("kuechly")) == []


def test_notes_beside_a_meaning_are_no_meaning() -> None:
    meanings = dictionary().in_english("猫")

    assert meanings[0] == "cat"
    assert not any(mark in "".join(meanings) for mark in "()[]|隻")
    assert not any(one.startswith("CL:") for one in meanings)


@pytest.mark.parametrize(
    ("question", "said", "option"),
    [
        ("员工每年有多少天年假？", "年假", "annual leave"),
        ("筆記本電腦丟失後怎麼辦？", "笔记本电脑", "laptop"),
        ("HC-300的报警E102怎么处理？", "e102", "e102"),
        ("How many days of sick leave are there?", "sick leave", "病假"),
        ("How do I reset my password?", "password", "密码"),
        ("Who won the cup?", "won", "赢"),
    ],
)
def test_a_question_is_put_word_by_word(question: str, said: str, option: str) -> None:
    found = {one.said: one.options for one in concepts(question)}

    assert option in found[said]


def test_what_only_asks_is_not_put() -> None:
    assert [one.said for one in concepts("密码是什么？")] == ["密码"]
    assert [one.said for one in concepts("What is the password?")] == ["password"]


def test_a_name_that_nobody_knows_has_no_options() -> None:
    assert [one.options for one in concepts("鑫鑫淼淼")] == [()]


def test_a_phrase_is_looked_for_by_all_its_terms() -> None:
    assert terms_of("annual leave") == ["annual", "leav"]
    assert terms_of("笔记本") == ["笔记", "记本"]
    assert terms_of("年假") == ["年假"]


def test_what_means_the_same_in_english_means_the_same() -> None:
    assert "工资" in dictionary().alike("薪水")
    assert "薪水" not in dictionary().alike("薪水")
    assert dictionary().alike("擒抱") == []


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("员工每年有十天年假。", "staff every year 10 day annual leave"),
        ("HC-300 每６个月校准一次", "hc-300 each 6 month calibrate once"),
        ("请假须提前两周申请", "ask for leave wait in advance 2 week apply"),
        ("的了吗", ""),
    ],
)
def test_chinese_is_put_into_english_word_by_word(text: str, english: str) -> None:
    assert glossed(text) == english
