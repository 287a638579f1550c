"""What a question asks for, and which texts hold one of that kind."""

import pytest

from services.answering.question_types import (
    asked_type,
    asking_terms,
    asks_for_all,
    asks_for_clock,
    holds_clock,
    holds_type,
    lacks_form,
    years_asked,
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("较短的假期提前两周申请即可。", True),
        ("须在一小时内致电安全值班室。", True),
        ("每位员工每年享有26天带薪年假。", True),
        ("十二星期之后", True),
        ("价格是去年的3.5倍。", True),
        ("从第三天起需要提供医生证明。", False),
        ("第26天之后", False),
        ("第二十三天之后", False),
        ("第 26 天之后", False),
        ("第3、4天都有培训。", False),
        ("结果，关岛得七分，晋级。", True),
        ("第1,000名客户", False),
        ("这件事十分重要，双方在同一时间签字。", False),
        ("他一时无法回答，万分感谢。", False),
        ("统一小组一成不变。", False),
        ("请向组长提出申请。", False),
    ],
)
def test_a_quantity_is_a_number_with_a_unit_and_no_ordinal(text: str, holds: bool) -> None:
    assert asked_type("请假需要提前多久申请？", "zh") == "number"

    assert holds_type(text, "number", "zh") is holds


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("Who signs the contract?", "en", "who"),
        ("How long does probation last?", "en", "number"),
        ("合同由谁签署？", "zh", "who"),
        ("试用期多久？", "zh", "number"),
        ("公司何时成立？", "zh", "when"),
        ("他得了第几名？", "zh", "rank"),
        ("试用期多长时间？", "zh", "number"),
        ("上班时间？", "zh", "when"),
        ("请说明制度。", "zh", "other"),
    ],
)
def test_what_a_question_asks_for(question: str, language: str, kind: str) -> None:
    assert asked_type(question, language) == kind


@pytest.mark.parametrize(
    ("text", "language", "holds"),
    [
        ("Hamburg closes at 20:00.", "en", True),
        ("It opens at 8 am.", "en", True),
        ("It costs 12.50 EUR.", "en", False),
        ("上午九点开会。", "zh", True),
        ("20:00关门", "zh", True),
        ("周三休息", "zh", True),
        ("一周三次", "zh", False),
    ],
)
def test_times_of_day_answer_when(text: str, language: str, holds: bool) -> None:
    assert holds_type(text, "when", language) is holds


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("What was the revenue of pumps in 2022?", {"2022"}),
        ("截至2022年12月31日，商誉是多少？", {"2022"}),
        ("What were the revenues of 2021 and 2022?", {"2021", "2022"}),
        ("How much did revenue grow in 2022?", set()),
        ("2022年的营业收入比上年增加了多少？", set()),
        ("What is the revenue?", set()),
        ("What was the revenue from 2020 to 2022?", set()),
        ("What was the revenue in 2019–2022?", set()),
        ("2020年-2022年的营业收入是多少？", set()),
        ("Which pumps have the number 12022?", set()),
    ],
)
def test_years_are_asked_about_unless_they_are_compared(question: str, years: set[str]) -> None:
    assert years_asked(question) == years


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What time does the office close?", True),
        ("汉堡办公室几点关门？", True),
        ("下午几点下班", True),
        ("注意事项是几点？", False),
        ("What time of year is the party?", False),
        ("What time off do employees get?", False),
        ("What time frame does the plan cover?", False),
        ("When was the company founded?", False),
        ("报销有几点要求？", False),
    ],
)
def test_a_time_of_day_is_asked_for(question: str, asks: bool) -> None:
    assert asks_for_clock(question) is asks


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("The office closes at 18:00.", True),
        ("Lunch is at noon.", True),
        ("晚上八点关门。", True),
        ("早上8时开门", True),
        ("上班时间为 9 点至 18 点", True),
        ("The shop closes at six in the evening.", True),
        ("Geöffnet bis 18.00 Uhr", True),
        ("It is open 24 hours.", True),
        ("本制度适用于汉堡和苏州办公室的全体员工。", False),
        ("三时间段", False),
    ],
)
def test_a_time_of_day_is_held(text: str, holds: bool) -> None:
    assert holds_clock(text) is holds


@pytest.mark.parametrize(
    ("question", "text", "lacks"),
    [
        ("每月几号发工资？", "事假期间不发工资。", True),
        ("每月几号发工资？", "工资于每月10日发放。", False),
        ("几号楼有食堂？", "食堂在二楼。", False),
        ("方雅琴的生日是哪天？", "方雅琴 | 财务总监 | 分机8500", True),
        ("What is Per's e-mail address?", "Per Lindqvist | +47 22 90 12 30", True),
        ("What is the phone number of Noel?", "Noel Brandt | +47 22 90 10 18", False),
        ("他的电话呢？", "刘志强汇报：样机已完成。", True),
        ("Can orders be placed by e-mail?", "Orders are taken by phone.", False),
    ],
)
def test_a_day_a_number_or_an_address_is_asked_for_and_missing(
    question: str, text: str, lacks: bool
) -> None:
    assert lacks_form(question, [text]) is lacks


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("一车间有哪些设备？", True),
        ("Which corrective actions are still open?", True),
        ("List the zones.", True),
        ("年假有几天？", False),
        ("Which zone is the coldest?", False),
    ],
)
def test_all_things_of_a_kind_are_asked_for(question: str, asks: bool) -> None:
    assert asks_for_all(question) is asks


def test_what_an_english_question_only_asks_with_is_no_word_to_look_for() -> None:
    told = asking_terms("How often does version 5.2 happen, and what is the phone number?")

    assert told >= {"often", "version", "happen", "number"}
    assert asking_terms("What must be done with a lost laptop?") == {"done"}
    assert not asking_terms("What is the oil called?") & {"oil", "call"}
