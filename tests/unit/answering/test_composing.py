"""Sentences that make an answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.answering.composing import (
    Ranked,
    composed,
    of_asked_amount,
    probabilities,
)
from services.answering.evidence import Evidence

MakeEvidence = Callable[..., Evidence]
LIMITS = {"most": 3, "length": 40, "price": 0.001, "temperature": 1.0, "trust": 0.5}


def test_probabilities_add_up_and_follow_the_scores(evidence: MakeEvidence) -> None:
    best = [Ranked(evidence("One."), 3.0), Ranked(evidence("Two."), 1.0)]

    shares = probabilities(best, 1.0)

    assert shares.sum() == pytest.approx(1)
    assert shares[0] > shares[1]
    assert probabilities(best, 4.0)[1] > shares[1]


def test_one_sentence_always_stands_however_doubtful(evidence: MakeEvidence) -> None:
    best = [Ranked(evidence(f"Number {i} says something.", f"d{i}"), 0.0) for i in range(20)]

    assert len(composed(best, LIMITS, "en")) == 1


def test_a_second_document_speaks_only_where_the_first_is_doubtful(evidence: MakeEvidence) -> None:
    sure = [
        Ranked(evidence("Leave is 23 days.", "a"), 9.0),
        Ranked(evidence("Rent is paid monthly.", "b"), 1.0),
    ]
    doubtful = [Ranked(sure[0].evidence, 1.1), Ranked(sure[1].evidence, 1.0)]

    assert [one.quote for one in composed(sure, LIMITS, "en")] == ["Leave is 23 days."]
    assert len(composed(doubtful, {**LIMITS, "trust": 0.05}, "en")) == 2


def test_what_is_said_already_is_not_said_again(evidence: MakeEvidence) -> None:
    best = [
        Ranked(evidence("Leave is 23 days a year.", "a"), 1.0),
        Ranked(evidence("A year, leave is 23 days.", "a"), 1.0),
        Ranked(evidence("It expires on 31 March.", "a"), 1.0),
    ]

    chosen = composed(best, {**LIMITS, "trust": 0.0, "price": 0.0}, "en")

    assert [one.quote for one in chosen] == ["Leave is 23 days a year.", "It expires on 31 March."]


def test_a_row_with_another_number_is_not_said_already(evidence: MakeEvidence) -> None:
    header = "迟到时间 | 处理方式 | 扣款金额"
    rows = ("迟到15分钟以内 | 扣款 | 20元", "迟到15至30分钟 | 扣款 | 50元")
    first, second = (evidence(row, header=header) for row in rows)

    limits = {**LIMITS, "trust": 0.0, "price": 0.0, "length": 500}
    told = composed([Ranked(first, 1.0), Ranked(second, 0.9)], limits, "zh")

    assert told == [first, second]


def test_the_same_sentence_is_told_once_whatever_it_stands_under(evidence: MakeEvidence) -> None:
    says, plan = "The allowance is EUR 44.", "49 euros a month."
    named, bare = evidence(says, lead="Allowance and times"), evidence(says)
    basic, plus = evidence(plan, lead="Basic plan"), evidence(plan, lead="Plus plan")
    limits = {**LIMITS, "trust": 0.0, "price": 0.0}

    once = composed([Ranked(named, 1.0), Ranked(bare, 1.0)], limits, "en")
    both = composed([Ranked(basic, 1.0), Ranked(plus, 1.0)], limits, "en")

    assert once == [named]
    assert both == [basic, plus]


@pytest.mark.parametrize(
    ("said", "first"),
    [("工作满12年有几天年假？", "满10年不满20年 | 10天"), ("年假有几天？", "满1年不满10年 | 5天")],
)
def test_of_the_rows_of_tiers_the_one_that_holds_the_amount_is_meant(
    evidence: MakeEvidence, said: str, first: str
) -> None:
    header = "累计工作年限 | 年假天数"
    rows = ("满1年不满10年 | 5天", "满10年不满20年 | 10天", "满20年及以上 | 15天")
    best = [Ranked(evidence(row, header=header), 3.0 - i) for i, row in enumerate(rows)]

    meant = of_asked_amount(best, said, said)

    assert meant[0].evidence.quote == first
    assert len(meant) == (1 if "12" in said else 3)


def test_a_row_of_the_very_amount_goes_before_one_of_a_range(evidence: MakeEvidence) -> None:
    series = evidence("D371X | DN50~DN600 | EPDM", "valves", header="系列 | 口径范围 | 阀座")
    size = evidence("DN150 | 118", "valves", header="口径 | 全关力矩 N·m")
    other = evidence("DN100~DN200 | 3", "minutes", header="口径 | 到货天数")
    best = [Ranked(one, 3.0 - i) for i, one in enumerate((series, size, size, other))]

    said = "DN150的蝶阀关到底要多大扭矩？"
    assert of_asked_amount(best, said, said)[0].evidence is size
    assert of_asked_amount(best[::3], said, said)[0].evidence is series
    # What stands far down, in a document that nothing else speaks for, is not brought up.
    far = [Ranked(evidence(f"Sentence {i}."), 9.0 - i) for i in range(3)]
    assert of_asked_amount([*far, *best[3:]], said, said)[0].evidence is far[0].evidence


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("What is the dose for a child of 18 kg?", "18-21"),
        ("the dose for a 5-year-old", "4-6"),
        ("18公斤的孩子吃多少？", "18-21"),
    ],
)
def test_the_range_may_stand_in_another_cell(evidence: MakeEvidence, said: str, meant: str) -> None:
    header = "Group | Age | Weight | Dose"
    rows = ("a | 2-3 years | 12-17 kg | 180 mg", "b | 4-6 years | 18-21 kg | 250 mg")
    best = [Ranked(evidence(row, header=header), 3.0 - i) for i, row in enumerate(rows)]

    kept = of_asked_amount(best, said, said)

    assert [meant in one.evidence.quote for one in kept] == [True]


def test_rows_that_hold_less_of_the_question_are_left_out(evidence: MakeEvidence) -> None:
    def row(quote: str, *covers: str, header: str = "Product | Price") -> Ranked:
        made = replace(evidence(quote, "a"), header=header, covers=frozenset(covers))
        return Ranked(made, 1.0)

    asked_for = row("Pump B | 340", "price", "pump", "b")
    limits = {**LIMITS, "trust": 0.0, "price": 0.0}

    alone = composed([asked_for, row("Valve C | 18", "price")], limits, "en")
    cut = row("Valve C | 18", "price", header="| Product | Price |")
    both = composed([asked_for, row("Valve C | 18", "price", "valve")], limits, "en")

    later = composed([row("Valve C | 18", "price"), asked_for], limits, "en")

    assert [one.text for one in alone] == ["Product: Pump B; Price: 340."]
    assert later == alone
    assert len(composed([asked_for, cut], limits, "en")) == 1
    assert [one.quote for one in both] == ["Pump B | 340", "Valve C | 18"]


def test_a_row_holds_an_amount_in_the_unit_of_its_column(evidence: MakeEvidence) -> None:
    rows = ("≤ 3,000 | 护士长", "3,001–20,000 | 科主任", "> 20,000 | 总经理")
    best = [Ranked(evidence(row, header="金额（元） | 审批人"), 3.0) for row in rows]

    meant = of_asked_amount(best, "5000元的采购谁批？", "5000元的采购谁批？")

    assert [one.evidence.quote for one in meant] == [rows[1]]
