"""Ranges of amounts, and the amounts of questions."""

import math

import pytest

from services.language.ranges import Range, amounts, in_unit_of, range_of


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("2,000元以下", Range("元", most=2000)),
        ("2000元至1万元", Range("元", 2000, 10_000)),
        ("50000元以上", Range("元", 50_000)),
        ("满1年不满10年", Range("月", 12, 120, ends=True)),
        ("满20年及以上", Range("月", 240)),
        ("30分钟至2小时", Range("分钟", 30, 120)),
        ("up to 5 kg", Range("kg", most=5)),
        ("over 2 hours", Range("分钟", 120, opens=True)),
        ("less than 5 kg", Range("kg", most=5, ends=True)),
        ("10至20年", Range("月", 120, 240)),
        ("≤15 kg", Range("kg", most=15)),
        (">23–40 kg", Range("kg", 23, 40, opens=True)),
        ("＜5 kg", Range("kg", most=5, ends=True)),
        ("65周岁以上", Range("岁", 65)),
        ("DN250~DN450", Range("dn", 250, 450)),
        ("≥DN500", Range("dn", 500)),
        ("DN150", None),
        ("5 kg and over", Range("kg", 5)),
        ("RMB 5,000–50,000", Range("元", 5000, 50_000)),
        ("up to USD 400", Range("$", most=400)),
        ("满 | 5天", None),
        ("2023年至2024年", None),
        ("扣款20元", None),
    ],
)
def test_a_row_says_from_where_to_where_it_reaches(text: str, reach: Range | None) -> None:
    assert range_of(text) == reach


def test_the_ends_belong_to_a_range_unless_they_are_open() -> None:
    assert range_of("满1年不满10年").holds(12)  # type: ignore[union-attr]
    assert not range_of("满1年不满10年").holds(120)  # type: ignore[union-attr]
    assert Range("元").holds(-math.inf)


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("报销三万元由谁审批？", {"元": 30_000.0}),
        ("迟到半小时扣多少钱？", {"分钟": 30.0}),
        ("累计工作25年有几天年假？", {"月": 300.0}),
        ("How many days of leave after 12 years?", {"月": 144.0}),
        ("延误超过24小时赔多少？", {"分钟": 1440.000001}),
        ("5岁18公斤的孩子喝多少？", {"岁": 5.0, "kg": 18.0}),
        ("口径DN300的阀门保压多久？", {"dn": 300.0}),
        ("30万的呢？", {"元": 300_000.0}),
        ("三十万以内谁批？", {"元": 300_000.0}),
        ("全市有30万居民？", {}),
        ("What discount is there on USD 60,000?", {"$": 60_000.0}),
        ("An order for 60k dollars, or $60k", {}),
        ("An order for 60k dollars", {"$": 60_000.0}),
        ("A limit of €2.5k", {"€": 2500.0}),
        ("We have 10k users", {}),
        ("2023年的营业收入是多少？", {}),
        ("3天和5天有什么区别？", {}),
    ],
)
def test_a_question_names_an_amount_of_a_unit(question: str, held: dict[str, float]) -> None:
    assert amounts(question) == held


@pytest.mark.parametrize(
    ("cell", "column", "reach"),
    [
        ("≤ 3,000", "金额（元）", Range("元", most=3000)),
        ("3,001–20,000", "金额（元）", Range("元", 3001, 20_000)),
        ("5–10", "金额（万元）", Range("元", 50_000, 100_000)),
        ("150,000 and over", "Order value, USD", Range("$", 150_000)),
        ("up to 5 kg", "Price (USD)", Range("kg", most=5)),
        ("5–10", "Plan", None),
    ],
)
def test_what_stands_under_a_unit_is_in_it(cell: str, column: str, reach: Range | None) -> None:
    assert range_of(in_unit_of(cell, column)) == reach
