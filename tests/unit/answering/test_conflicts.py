"""Sources that disagree."""

from collections.abc import Callable

import pytest

from services.answering.composing import Ranked
from services.answering.conflicts import conflicts
from services.answering.evidence import Evidence

MakeEvidence = Callable[..., Evidence]


def found(evidence: MakeEvidence, question: str, *quotes: str) -> list[tuple[str, str]]:
    best = [Ranked(evidence(quote, f"d{i}"), 1.0) for i, quote in enumerate(quotes)]
    return [(one.says, one.other_says) for one in conflicts(best, 1.0, question)]


@pytest.mark.parametrize(
    ("question", "one", "other", "expected"),
    [
        (
            "Who won most medals in 2018?",
            "At the 2018 Olympics, Norway won the most medals of all.",
            "At the 2018 Olympics, Canada won the most medals of all.",
            ("Norway", "Canada"),
        ),
        (
            "How many days of leave are there?",
            "Every employee has 23 days of paid leave.",
            "Every employee has 25 days of paid leave.",
            ("23", "25"),
        ),
        (
            "2020赛季中超冠军是谁？",
            "2020赛季中超联赛的冠军是江苏苏宁队。",
            "2020赛季中超联赛的冠军是广州恒大队。",
            ("江苏苏宁", "广州恒大"),
        ),
        (
            "病假工资怎么算？",
            "病假期间工资按百分之七十发放。",
            "病假期间工资按百分之八十发放。",
            ("七十", "八十"),
        ),
    ],
)
def test_one_other_name_or_number_in_the_same_words_is_a_conflict(
    evidence: MakeEvidence, question: str, one: str, other: str, expected: tuple[str, str]
) -> None:
    said = found(evidence, question, one, other)[0]

    assert [part in whole for part, whole in zip(expected, said, strict=True)] == [True, True]


@pytest.mark.parametrize(
    "other",
    [
        "Every employee has 23 days of paid leave each year.",
        "Rent is due on the first of every month.",
        "Every worker has 23 days of paid leave.",
    ],
)
def test_other_words_alone_are_none(evidence: MakeEvidence, other: str) -> None:
    assert not found(
        evidence, "How much leave?", "Every employee has 23 days of paid leave.", other
    )


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("年假有几天？", "每位员工每年享有26天带薪年假。", "员工每年享有二十六天带薪年假。"),
        ("补贴是多少？", "出差补贴为每天四百元整。", "出差补贴为每天400元整。"),
        ("奖金是多少？", "全年奖金最高为3万元人民币。", "全年奖金最高为30000元人民币。"),
        ("试用期多长？", "新员工的试用期为六个月。", "新员工的试用期为6个月。"),
        (
            "How much is it?",
            "The yearly fee of the club is 1,200 EUR.",
            "The yearly fee of the club is 1200 EUR.",
        ),
        (
            "When do they meet?",
            "The works council always meets on Monday.",
            "The works council always meets on Mondays.",
        ),
    ],
)
def test_one_number_written_in_two_ways_is_none(
    evidence: MakeEvidence, question: str, one: str, other: str
) -> None:
    assert not found(evidence, question, one, other)
    assert not found(evidence, question, other, one)


def test_short_sentences_that_differ_in_more_than_a_number_are_none(
    evidence: MakeEvidence,
) -> None:
    quotes = ("夜班补贴按百分之七十发放。", "周末加班按百分之八十发放。")

    assert not found(evidence, "补贴怎么算？", *quotes)


def test_rows_of_one_name_that_differ_are_told_the_newer_version_first(
    evidence: MakeEvidence,
) -> None:
    header = "职级 | 上海 | 其他"
    old = evidence("经理 | 500 | 300", "old", "差旅费报销制度（2022版）", header)
    new = evidence("经理 | 600 | 350", "new", "差旅费报销制度（2024版）", header)
    else_ = evidence("总监 | 800 | 450", "new", "差旅费报销制度（2024版）", header)

    (conflict,) = conflicts([Ranked(old, 1.0), Ranked(new, 0.9)], 1.0, "经理住宿标准？")

    assert (conflict.one, conflict.other, conflict.is_earlier) == (new, old, True)
    assert (conflict.says, conflict.other_says) == ("600", "500")
    assert not conflicts([Ranked(old, 1.0), Ranked(else_, 0.9)], 1.0, "住宿标准？")


def test_the_tables_of_two_years_reports_do_not_contradict_each_other(
    evidence: MakeEvidence,
) -> None:
    header = "项目 | 金额 | 占比"
    one = evidence("营业收入 | 41350 | 100%", "a", "2023年年度报告", header)
    other = evidence("营业收入 | 48620 | 100%", "b", "2024年年度报告", header)

    assert not conflicts([Ranked(one, 1.0), Ranked(other, 0.9)], 1.0, "营业收入是多少？")


def test_a_number_and_words_do_not_contradict_each_other(evidence: MakeEvidence) -> None:
    says = ("2023年公司的营业收入总额为 3792", "2023年公司的营业收入总额为 万元同比")

    assert not found(evidence, "营业收入是多少", *says)


def test_one_document_does_not_contradict_itself(evidence: MakeEvidence) -> None:
    quotes = ("Team A has 23 days of leave.", "Team A has 25 days of leave.")
    best = [Ranked(evidence(quote), 1.0) for quote in quotes]

    assert conflicts(best, 1.0, "How much leave?") == []
