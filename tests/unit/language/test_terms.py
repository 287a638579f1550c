"""The words of a text."""

from hypothesis import given
from hypothesis import strategies as st

from services.language.normalize import canonical, folded, language_of, remove_invisible
from services.language.terms import content_terms, terms, without_asking


def test_english_words_meet_by_their_stems() -> None:
    assert terms("employees' laptops") == terms("Employee laptop")


def test_codes_are_found_whole_and_in_parts() -> None:
    found = terms("TiDB-v5.4")

    assert "tidb-v5.4" in found
    assert "tidb" in found


def test_two_chinese_characters_are_a_term() -> None:
    assert "年假" in terms("每位员工每年有23天带薪年假")


def test_traditional_and_simplified_chinese_meet() -> None:
    assert set(terms("傳統數據")) & set(terms("传统数据"))


def test_a_line_break_inside_a_chinese_word_does_not_part_it() -> None:
    assert "发展" in terms("东北电气发\n展股份")


def test_thousands_commas_and_full_width_digits_make_no_difference() -> None:
    assert terms("1,234") == terms("１２３４")


def test_question_words_carry_no_meaning() -> None:
    assert content_terms("What is the leave policy?") == content_terms("leave policy")
    assert "什么" not in content_terms("年假是什么")


def test_a_chinese_question_about_an_english_name_is_chinese() -> None:
    assert language_of("TiDB 是否支持二级键？") == "zh"
    assert language_of("那HC-200L呢？") == "zh"
    assert language_of("ERP OA VPN 权限") == "zh"
    assert language_of("What does 北京 mean in English, and why?") == "en"


def test_invisible_characters_are_taken_out_and_counted() -> None:
    assert remove_invisible("a\u200bb\U000e0041c\x1b[0m") == ("abc[0m", 3)


@given(st.text())
def test_canonical_text_stays_as_it_is_when_made_canonical_again(text: str) -> None:
    once, _ = canonical(text)

    assert canonical(once) == (once, 0)


@given(st.text())
def test_folding_never_fails(text: str) -> None:
    assert isinstance(folded(text), str)


def test_how_long_asks_and_names_nothing() -> None:
    assert "时间" not in without_asking("试用期是多长时间？")
    assert "时间" in without_asking("上班时间是几点？")
    assert "多长江" in without_asking("许多长江游轮")
