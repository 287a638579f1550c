"""What sentences stand under, and lists with their lead."""

from collections.abc import Callable

import pytest

from services.answering.draft import Draft
from services.answering.evidence import Evidence
from services.answering.grounding import Grounded
from services.answering.leads import as_said, units

MakeEvidence = Callable[..., Evidence]


def cut(text: str, *above: str) -> list[tuple[str, str | None]]:
    found = units(text, above, lambda _span: False)
    return [(text[one.span.start : one.span.end], one.lead) for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Can I bring my dog?\n\nYes, on Fridays.\n\nWho pays?\n\nYou do.",
            [("Yes, on Fridays.", "Can I bring my dog?"), ("You do.", "Who pays?")],
        ),
        ("问：停车费多少？\n答：每月三百元。", [("答：每月三百元。", "问：停车费多少？")]),
        (
            "Berlin office\n\nParking is free.\n\nBonn office\n\nParking costs 5 EUR.",
            [("Parking is free.", "Berlin office"), ("Parking costs 5 EUR.", "Bonn office")],
        ),
        (
            "Guests must bring:\n\n- an ID\n- a form; signed\n\nThey stay a day.",
            [("Guests must bring:\n\n- an ID\n- a form; signed", None), ("They stay a day.", None)],
        ),
        (
            "有下列情形之一的，可以解除合同：\n（一）拖欠租金；\n（二）转租。\n其他另议。",
            [
                ("有下列情形之一的，可以解除合同：\n（一）拖欠租金；\n（二）转租。", None),
                ("其他另议。", None),
            ],
        ),
        ("It is late. Note:\nNo list.", [("It is late.", None), ("No list.", None)]),
        (
            "Noel\n\n1 June 07:45, Maja Kolar:\n\nNone of them works.",
            [("None of them works.", "1 June 07:45, Maja Kolar:")],
        ),
        ("启明：\n\n可以放行。", [("可以放行。", None)]),
        ("3 错误码\n\n见下表。\n\n4 版本", [("见下表。", "3 错误码")]),
        ("1. Open\n2. Close it now", [("1. Open", None), ("2. Close it now", None)]),
        ("试用期可以请年假吗？可以。", [("可以。", "试用期可以请年假吗？")]),
        ("Are pets allowed?\n\nNo", [("No", "Are pets allowed?")]),
        (
            "Check the following:\n- Is your passport valid?\n- Are you insured?",
            [("Check the following:\n- Is your passport valid?\n- Are you insured?", None)],
        ),
        ('The question is "What is it?"', [('The question is "What is it?"', None)]),
        ("甲方代表：王芳\n\n见附件一。", [("甲方代表：王芳", None), ("见附件一。", None)]),
        (
            "请于6月27日前派人处理。\n\n沈佳\n宁波海天精工股份有限公司 采购部",
            [("请于6月27日前派人处理。", None)],
        ),
        ("| | NO.\nRights | 12 | 3", [("Rights | 12 | 3", None)]),
        ("放假一天。\n行政部 2025年9月15日", [("放假一天。", None)]),
        ("Approvers:\n- Li Wei", [("Approvers:\n- Li Wei", None)]),
        (
            "- Gym membership\nThe company pays 80 EUR a month for transport.",
            [("The company pays 80 EUR a month for transport.", None)],
        ),
    ],
)
def test_sentences_know_what_they_stand_under(
    text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert cut(text)[-len(expected) :] == expected


def test_what_stands_above_the_passage_is_no_lead() -> None:
    assert cut("Berlin office\n\nParking is free.", "Berlin office") == [("Parking is free.", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- an ID", "an ID"),
        ("Guests bring:\n\n- an ID;\n- a form.", "Guests bring: an ID; a form."),
        ("To leave:\n1. Pack\n2. Go.", "To leave: 1. Pack; 2. Go."),
        ("下列材料：\n- 身份证；\n- 照片。", "下列材料：身份证；照片。"),
        ("答：每月三百元。", "每月三百元。"),
        ("It goes\non here.", "It goes on here."),
        ("2.5 days are earned each month.", "2.5 days are earned each month."),
        ("1.5 小时的午休", "1.5 小时的午休"),
        ("3、4号楼是办公区", "3、4号楼是办公区"),
        ("三、四楼是办公区", "三、四楼是办公区"),
        ("e.g. pumps and valves", "e.g. pumps and valves"),
        ("A. Baker manages it.", "A. Baker manages it."),
        ("（一）拖欠租金的", "拖欠租金的"),
        ("2) Sign out", "Sign out"),
        ("必须先连接虚\n拟专用网络", "必须先连接虚拟专用网络"),
    ],
)
def test_a_sentence_is_told_on_one_line(text: str, said: str) -> None:
    assert as_said(text) == said


def test_a_sentence_that_does_not_name_its_subject_is_told_with_it(evidence: MakeEvidence) -> None:
    assert evidence("49 euros a month.", lead="Basic plan").text == "Basic plan: 49 euros a month."
    assert evidence("Basic is 49 euros.", lead="Basic plan").text == "Basic is 49 euros."
    assert evidence("On Fridays.", lead="When do we meet?").text == "On Fridays."
    assert evidence("每月49元。", lead="基础版").text == "基础版：每月49元。"


def test_a_heading_is_told_once(evidence: MakeEvidence) -> None:
    draft = Draft("en")

    for quote in ("49 euros a month.", "Answers within two days."):
        draft.quote(evidence(quote, lead="Basic plan"))
    draft.quote(evidence("No answers.", "other", lead="Basic plan"))

    assert draft.texts == [
        "Basic plan: 49 euros a month.",
        "Answers within two days.",
        "Basic plan: No answers.",
    ]


def test_a_written_sentence_is_not_told_beside_the_one_that_it_restates(
    evidence: MakeEvidence,
) -> None:
    extension = evidence("An extension of 12 months may be bought.")
    probation = evidence("Probation lasts six months.")
    written = [
        Grounded("The answer is: 12 months.", 1.0, extension),
        Grounded("The probation is six months.", 1.0, probation),
    ]
    draft = Draft("en")

    draft.tell(written, [extension])

    assert draft.texts == [
        "The probation is six months.",
        "An extension of 12 months may be bought.",
    ]


def test_what_has_no_stop_does_not_run_into_the_next(evidence: MakeEvidence) -> None:
    draft, chinese = Draft("en"), Draft("zh")

    for quote in ("Plan | On request", "It is new.", "Ask."):
        draft.quote(evidence(quote))
    for quote in ("客户系统 | 全天", "缺席 | 吴海涛（出差）", "疫苗 | 100%", "（见附件。）"):
        chinese.quote(evidence(quote))

    assert draft.text == "Plan: On request; It is new. Ask."
    assert chinese.text == "客户系统：全天；缺席：吴海涛（出差）；疫苗：100%；（见附件。）"
    assert [draft.text[one.start : one.end] for one in draft.sentences] == draft.texts
