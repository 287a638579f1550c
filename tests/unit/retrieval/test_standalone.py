"""Follow-ups."""

import pytest

from services.domain.answers import Turn
from services.retrieval.standalone import standalone, views

TALK = (Turn("user", "How long is parental leave?"), Turn("assistant", "Fourteen months."))


def test_a_question_without_history_is_looked_for_as_it_is() -> None:
    assert [view.text for view in views("How long is leave?", ())] == ["How long is leave?"]
    assert standalone("How long?", ()) == "How long?"


def test_a_follow_up_is_also_looked_for_with_what_it_leans_on() -> None:
    texts = [view.text for view in views("And for fathers?", TALK)]

    assert texts == [
        "And for fathers?",
        "How long is parental leave? And for fathers?",
        "Fourteen months.",
    ]


def test_who_changes_the_language_begins_anew() -> None:
    talk = (*TALK, Turn("user", "那父亲呢？"), Turn("assistant", "十四个月。"))

    assert [view.text for view in views("试用期有多久？", TALK)] == ["试用期有多久？"]
    assert standalone("试用期有多久？", TALK) == "试用期有多久？"
    assert views("And how long is probation?", talk)[1].text.startswith("How long is parental")


def test_a_code_takes_the_place_of_the_one_before() -> None:
    talk = (Turn("user", "E101报警怎么处理？"), Turn("assistant", "断电检查。"))

    assert "e101" not in standalone("那E206呢？", talk).lower()
    assert "怎么处理" in standalone("那E206呢？", talk)


def test_chinese_questions_of_few_words_lean_on_the_one_before() -> None:
    talk = (Turn("user", "刘志强是哪个部门的？"), Turn("assistant", "设备部。"))

    assert standalone("手机号多少？", talk).startswith("刘志强")


def test_only_a_question_of_few_words_is_measured_with_the_one_before() -> None:
    whole = "Which laptop model does the hardware team receive?"

    assert standalone("And for fathers?", TALK).startswith("How long is parental leave?")
    assert standalone(whole, TALK) == whole


def test_an_amount_takes_the_place_of_the_one_before() -> None:
    assert standalone("30万的呢？", _talk("5万元的采购谁审批？")) == "的采购谁审批? 30万的呢？"
    assert "5 days" not in standalone("And 12 days?", _talk("Who approves 5 days of leave?"))
    assert "5 days" in standalone("And 12 hours?", _talk("Who approves 5 days of leave?"))

    talk = _talk("D371X蝶阀DN150的力矩多少？", "DN300的呢？")
    assert "150" not in standalone("它的速比是多少？", talk)


def _talk(*questions: str) -> tuple[Turn, ...]:
    return tuple(Turn("user", question) for question in questions)


@pytest.mark.parametrize(
    ("before", "turn", "asked"),
    [
        (
            ["Which laptop do I get?", "How much does it cost?"],
            "How often is it replaced?",
            "Which laptop do I get? How much does it cost? How often is it replaced?",
        ),
        (
            ["How long is the warranty?", "And for spare parts?"],
            "And for valves?",
            "How long is the warranty? And for valves?",
        ),
        (["年假有几天？", "那婚假呢？"], "要提前多久申请？", "那婚假呢？ 要提前多久申请？"),
        (["年假有几天？", "那婚假呢？"], "病假呢？", "年假有几天？ 病假呢？"),
        (
            ["试用期多长？", "年假有几天？", "谁批？"],
            "多久之前申请？",
            "年假有几天？ 谁批？ 多久之前申请？",
        ),
    ],
)
def test_what_a_question_leans_on_may_lean_itself(before: list[str], turn: str, asked: str) -> None:
    assert standalone(turn, _talk(*before)) == asked
