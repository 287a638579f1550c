"""Codes, years and numbered things that questions name."""

import pytest

from services.language.identifiers import identifiers, is_of_asked, is_of_others, without


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("E101报警", {("e3", "101")}),
        ("HC-300和HC-200L", {("hc3", "300"), ("hc3", "200l")}),
        ("2023年净利润", {("年", "2023")}),
        ("合同第八条、十五条", {("条", "8"), ("条", "15")}),
        ("4号线的班车", {("号线", "4")}),
        ("What happens in week 4?", {("week", "4")}),
        ("The rent in year 3, after 3 years", {("year", "3")}),
        ("Article 12.3 of the frame", {("article", "12.3")}),
        ("What is new in 5.4.0, and in version 5.3?", {("version", "5.4.0"), ("version", "5.3")}),
        ("HTTP 429 and status 200", {("http", "429")}),
        ("Er9是什么意思？GlucoTrack 3的周期", {("er", "9"), ("glucotrack", "3")}),
        ("On 04.03.2026 at 10.5 km, by 1.5.", set()),
        ("Q3的收入 in FY22", {("季度", "3")}),
        ("三类似的事情，一期间，5天，12个月，2x, 10km, H1N1, covid-19", set()),
    ],
)
def test_what_a_text_names(text: str, named: set[tuple[str, str]]) -> None:
    assert identifiers(text) == named


@pytest.mark.parametrize(
    ("question", "levels", "another"),
    [
        ("E999是什么意思？", ["E101 | 关节过载", "代码 | 含义"], True),
        ("E101是什么意思？", ["E101 | 关节过载", "代码 | 含义"], False),
        ("2022年净利润是多少？", ["净利润 | 120 | 130", "指标 | 2023年 | 2024年"], True),
        ("2022年净利润是多少？", ["净利润 | 120 | 130", "指标 | 数值", "2022年年报"], False),
        # The nearest that names any decides.
        ("2022年净利润是多少？", ["2023年净利润为120万元。", "", "2022年年报"], True),
        ("2022年谁任总经理？", ["王明自2019年起任总经理。"], False),
        ("四级异常由谁负责？", ["三级及以上异常由质量部负责。"], False),
        ("四级异常由谁负责？", ["三级异常由质量部负责。"], True),
        ("Does SOP-014 apply to dry ice?", ["Dry ice: see SOP-022.", "", "SOP-014"], False),
        ("What is new in 5.5.0?", ["New: SAML.", "", "5.4.0 (2026-09-15)"], True),
        ("What is new in 5.5.0?", ["Since 5.4.0, SAML is there."], False),
        ("Er9是什么意思？", ["Er3表示血样不足。"], True),
        ("年假怎么算？", ["第八条 年假按工龄计算。"], False),
    ],
)
def test_a_sentence_of_another_is_told_by_what_stands_nearest(
    question: str, levels: list[str], another: bool
) -> None:
    asked = identifiers(question)

    assert is_of_others(asked, levels) is another
    assert not (another and is_of_asked(asked, levels))


def test_what_is_named_anew_takes_the_place_of_the_earlier() -> None:
    assert without("E101怎么处理？在一车间", frozenset({"e3"})).split() == ["怎么处理?在一车间"]
