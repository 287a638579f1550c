"""What a Chinese question says besides asking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.analysis import analysed
from services.language.normalize import folded
from services.language.question_words import question_words


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("如何申请年假？", {"申请", "年假"}),
        ("年假可以休几天？", {"年假"}),
        # What follows 什么, 哪一种 names the kind of answer, which the text need not say.
        ("巴西最终获得什么名次？", {"巴西", "最终", "获得"}),
        ("哪一種米是印度米的冠軍？", {"印度", "冠军"}),
        ("在哪座城市运行 Kubernetes 的 kv-cache？", {"运行", "kubernetes", "kv-cache"}),
        ("2021年的研发费用是多少？", {"2021", "研发", "费用"}),
        ("谁发明了C++？", {"发明", "c++"}),
        ("几何图形的面积公式是什么？", {"几何图形", "面积", "公式"}),
        ("什么？", set()),
        ("怎么样？……", set()),
    ],
)
def test_its_words_are_those_of_the_dictionary(question: str, words: set[str]) -> None:
    assert set(question_words(question, {}).words) == words


def test_a_share_counts_words_by_weight_and_characters_alike() -> None:
    asked = question_words("蘇軍掠奪了哪些設備？", {"苏军": 2.0, "掠夺": 6.0})
    text = folded("苏军劫掠了工厂。")

    assert asked.share_of_words(text) == pytest.approx(2 / 8)
    assert asked.share_of_characters(text) == pytest.approx(3 / 6)


def test_words_are_found_among_the_terms_of_the_keyword_index() -> None:
    _, terms = analysed("", (), "喀喇汗国于1041年分裂，见 kv-caches 与 running。")
    asked = question_words("喀喇汗國在1041年之後為何 run kv-caches", {})

    assert set(asked.words) == {"喀喇汗国", "1041", "之后", "run", "kv-caches"}
    assert asked.share_of_terms(f" {terms} ") == pytest.approx(4 / 5)


def test_a_question_that_says_nothing_neither_meets_nor_misses_a_text() -> None:
    asked = question_words("什么？", {})

    assert asked.share_of_words("年假") == asked.share_of_characters("年假") == 0.5


@given(st.text() | st.text("什么哪一几何年假ab12+#-_ 🙂①Ⅳﬀ", max_size=12))
def test_any_text_has_shares_between_none_and_all(question: str) -> None:
    asked = question_words(question, {})
    plain = folded(question)

    assert 0 <= asked.share_of_words(plain) <= 1
    assert 0 <= asked.share_of_terms(f" {plain} ") <= 1
    assert 0 <= asked.share_of_characters(plain) <= 1
