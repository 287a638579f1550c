"""Which sentence supports what was written."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.answering.evidence import Evidence
from services.answering.grounding import WHOLLY_SUPPORTED, ground, whole_sentence
from services.domain.documents import Span

MakeEvidence = Callable[..., Evidence]
LEAVE = "Every employee has 23 days of paid leave a year."
TEAM = "Team B meets on Friday in room Beta."
LEAVE_ZH = "每位员工每年有23天带薪年假。"


@pytest.mark.parametrize(
    ("said", "source", "supported"),
    [
        ("Employees have 23 days of paid leave.", LEAVE, True),
        ("Employees have 33 days of paid leave.", LEAVE, False),
        ("Employees have no 23 days of paid leave.", LEAVE, False),
        ("At Microsoft, employees have 23 days of paid leave.", LEAVE, False),
        ("The moon is made of cheese.", LEAVE, False),
        ("员工每年有23天年假。", LEAVE_ZH, True),
        ("员工每年有25天年假。", LEAVE_ZH, False),
        ("员工每年没有23天年假。", LEAVE_ZH, False),
        ("Team B meets on Friday in room Beta.", TEAM, True),
        ("Team A meets on Friday in room Beta.", TEAM, False),
        ("A team meets on Friday in room Beta.", TEAM, True),
        ("B组周五在会议室开会。", "B组每周五在会议室开会。", True),
        ("A组周五在会议室开会。", "B组每周五在会议室开会。", False),
        ("Berlin closes at 18:00 on workdays.", "Hamburg closes at 18:00 on workdays.", False),
        ("Yes, every employee has 23 days of paid leave a year.", LEAVE, True),
        ("According to the handbook, every employee has 23 days of paid leave.", LEAVE, True),
        ("Each employee has 23 days of paid leave.", LEAVE, True),
        ("The prize goes to Team A.", "The prize goes to Team A.", True),
        ("Workdays end at 18:00 in Hamburg.", "Hamburg closes at 18:00 on workdays.", True),
    ],
)
def test_numbers_names_and_denials_must_agree(
    evidence: MakeEvidence, said: str, source: str, supported: bool
) -> None:
    assert ground(said, [evidence(source)]).is_supported is supported


HOURS = ("Office | Opens | Closes | Lunch", "Hamburg | 07:00 | 20:00 | 12:00 to 14:00")
HOURS_ZH = ("办公室 | 开门 | 关门 | 午餐", "汉堡 | 07:00 | 20:00 | 12:00至14:00")
BORN = ("Name | Born in | Lives in", "Ada | Paris | Rome")


@pytest.mark.parametrize(
    ("said", "table", "supported"),
    [
        ("The Hamburg office closes at 20:00.", HOURS, True),
        ("The Hamburg office closes at 12:00.", HOURS, False),
        ("The Hamburg office closes at 12:00 on the first day of the week.", HOURS, False),
        ("Hamburg opens at 07:00 and closes at 20:00.", HOURS, True),
        ("Lunch in Hamburg is from 12:00 to 14:00.", HOURS, True),
        ("Lunch in Hamburg is from 07:00 to 20:00.", HOURS, False),
        ("Hamburg: 20:00.", HOURS, False),
        ("The answer is: 20:00.", HOURS, False),
        ("汉堡办公室20:00关门。", HOURS_ZH, True),
        ("汉堡办公室12:00关门。", HOURS_ZH, False),
        ("Ada was born in Paris.", BORN, True),
        ("Ada lives in Paris.", BORN, False),
    ],
)
def test_a_value_stands_under_the_column_that_is_named(
    evidence: MakeEvidence, said: str, table: tuple[str, str], supported: bool
) -> None:
    header, row = table

    assert ground(said, [evidence(row, header=header)]).is_supported is supported


DAYS = "All employees in Hamburg have 26 days of paid leave and 5 days of training."
LIVERY = "The lead time is 25 working days for standard boxes and 40 for boxes with printed livery."
REST = "The rule on rest times does not apply within 50 km of the depot, except for rented drivers."
TIMES = "The Berlin office opens at 9:00 and closes at 18:00."
DAYS_ZH = "员工享有26天带薪年假，以及5天培训假。"


@pytest.mark.parametrize(
    ("said", "source", "supported"),
    [
        ("All employees in Hamburg have 26 days of paid leave.", DAYS, True),
        ("All employees in Hamburg have 5 days of training.", DAYS, True),
        ("Employees have 5 days of paid leave.", DAYS, False),
        ("Paid leave in Hamburg is 26 days.", DAYS, True),
        ("Paid leave in Hamburg is 5 days.", DAYS, False),
        ("员工享有5天培训假。", DAYS_ZH, True),
        ("带薪年假是26天。", DAYS_ZH, True),
        ("带薪年假是5天。", DAYS_ZH, False),
        ("The lead time for boxes with printed livery is 40 working days.", LIVERY, True),
        ("The lead time for boxes with printed livery is 25 working days.", LIVERY, False),
        ("The lead time is 25 working days for standard boxes.", LIVERY, True),
        ("Berlin closes at 18:00.", TIMES, True),
        ("Berlin opens at 9:00 and closes at 18:00.", TIMES, True),
        ("Berlin closes at 9:00.", TIMES, False),
        ("Berlin closes at 9:00 and closes at 18:00.", TIMES, False),
        ("柏林9:00开门。", "柏林9:00开门，18:00关门。", True),
        ("The rule on rest times does not apply to journeys within 50 km.", REST, True),
        ("The rule on rest times does not apply to rented drivers within 50 km.", REST, False),
        ("It does not apply within 50 km, except for rented drivers.", REST, True),
        ("规定不适用于租用司机。", "本规定不适用于市内行程，租用司机除外。", False),
        ("规定不适用于市内行程。", "本规定不适用于市内行程，租用司机除外。", True),
        ("节假日不开放。", "除节假日外，展厅每天不开放午间参观。", False),
        ("员工享有5天带薪年假。", DAYS_ZH, False),
        ("Paid leave is 26 days.", "Paid leave: 26 days; training: 5 days.", True),
        ("It rose from 1,200 to 1,300 EUR.", "It rose from 1,200 EUR to 1,300 EUR.", True),
        ("Alice Meyer reports to Bob.", "Alice Meyer reports to Bob Smith.", True),
        ("Bob reports to Alice.", "Alice reports to Bob.", False),
        ("李四向张三汇报工作。", "张三向李四汇报工作。", False),
        ("张三向李四汇报工作。", "张三向李四汇报工作。", True),
        ("Alice and Bob meet on Friday.", "Bob and Alice meet on Friday.", True),
    ],
)
def test_what_stands_together_stood_together(
    evidence: MakeEvidence, said: str, source: str, supported: bool
) -> None:
    assert ground(said, [evidence(source)]).is_supported is supported


KEY = "Where is the locker key returned?"


@pytest.mark.parametrize(
    ("said", "lead", "source", "supported"),
    [
        ("The locker key is returned at the desk.", KEY, "At the desk.", True),
        ("The locker key is returned to the locker room.", KEY, "At the desk.", False),
        ("The locker key is returned.", KEY, "At the desk.", False),
        ("Parking at the Berlin office is free.", "Berlin office", "Parking is free.", True),
        ("Parking at the Berlin office costs 5 euros.", "Berlin office", "Parking is free.", False),
    ],
)
def test_what_is_added_to_a_question_stands_in_its_answer(
    evidence: MakeEvidence, said: str, lead: str, source: str, supported: bool
) -> None:
    assert ground(said, [evidence(source, lead=lead)]).is_supported is supported


def test_yes_alone_says_nothing(evidence: MakeEvidence) -> None:
    source = evidence("Yes, on Fridays.", lead="Can I bring my dog?")

    assert not ground("Yes", [source]).is_supported
    assert ground("Yes, you can bring your dog on Fridays.", [source]).is_supported


@pytest.mark.parametrize("said", ["2", "1. 1.", "The answer is: 11.5", "答案是2。"])
def test_a_number_alone_says_nothing(evidence: MakeEvidence, said: str) -> None:
    sources = [evidence("2. Run frostctl user reset 1 time."), evidence("The answer 11.5: 2 答案")]

    assert not ground(said, sources).is_supported


def test_a_loop_says_nothing(evidence: MakeEvidence) -> None:
    said = f"The branch in Hamburg opens{' and the branch in Hamburg opens' * 3} at 9."

    assert not ground(said, [evidence("The branch in Hamburg opens at 9.")]).is_supported


def test_the_best_support_is_taken(evidence: MakeEvidence) -> None:
    leave, other = evidence(LEAVE), evidence("Unused days expire on 31 March.")

    assert ground("Unused days expire on 31 March.", [leave, other]).evidence is other


def test_a_titles_words_are_known_as_names_alone(evidence: MakeEvidence) -> None:
    found = evidence("Probation lasts six months.").found
    titled = replace(
        evidence("Probation lasts six months."),
        found=replace(found, passage=replace(found.passage, document_title="Your First Weeks")),
    )

    assert ground("The first month is six months.", [titled]).support < WHOLLY_SUPPORTED
    assert ground("In First Weeks, probation lasts six months.", [titled]).support == 1


def test_what_one_half_of_a_sentence_denies_the_other_does_not_affirm(
    evidence: MakeEvidence,
) -> None:
    text = "Do not use it for slow queries; see the runbook on slow queries."
    at = text.index("see")
    whole = evidence(text)
    half = replace(
        evidence(text[at:]),
        found=whole.found,
        span=Span(at, len(text)),
    )

    said = "Yes, you can see the runbook on slow queries."
    assert not ground(said, [half]).is_supported
    assert whole_sentence(half).strip().endswith(text[:at].strip())
