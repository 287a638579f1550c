"""What a follow-up asks for among what is found with the question before it."""

import pytest

from services.answering.composing import Ranked
from services.answering.last_turn import of_last_turn
from services.language.normalize import language_of
from services.language.terms import content_terms
from services.retrieval import Retrieval
from tests.unit.answering.conftest import MakeEvidence


def _asked(turn: str, before: str = "") -> Retrieval:
    question = f"{before} {turn}"
    weights = dict.fromkeys(content_terms(question), 1.0)
    return Retrieval(question, language_of(turn), [], weights=weights, turn=turn)


@pytest.mark.parametrize(
    ("said", "rows", "meant"),
    [
        ("And to Chengdu?", ["Wuhan—Changsha | 610", "Wuhan—Chengdu | 1490"], [1]),
        ("到成都呢？", ["武汉—长沙 | 610", "武汉—成都 | 1490", "成都—重庆 | 380"], [1, 2]),
        ("And for zone D?", ["C Frozen | 7.1", "D Deep-frozen | 38"], [1]),
        ("And what is the price?", ["Wuhan—Changsha | 610", "Wuhan—Chengdu | 1490"], [0, 1]),
    ],
)
def test_a_follow_up_means_the_rows_that_hold_what_it_says(
    evidence: MakeEvidence, said: str, rows: list[str], meant: list[int]
) -> None:
    best = [Ranked(evidence(row, header="Zone | Price"), 1.0) for row in rows]

    kept = of_last_turn(best, _asked(said))

    assert [one.evidence.quote for one in kept] == [rows[at] for at in meant]


@pytest.mark.parametrize(
    ("before", "turn", "sentences", "meant"),
    [
        (
            "How many days of annual leave are there?",
            "And what about sick leave?",
            ["Annual leave is 26 days.", "Sick leave is paid for six weeks."],
            [1],
        ),
        ("How much for doctors?", "And nurses?", ["Doctors get 9.", "Nurses get 7."], [1]),
        ("年假有几天？", "那婚假呢？", ["年假为5天。", "婚假10天，可分两次。"], [1]),
        ("年假有几天？", "那试用期多长？", ["年假为5天。", "试用期为六个月。"], [1]),
        ("年假有几天？", "没有人知道的呢？", ["年假为5天。", "婚假10天，可分两次。"], [0, 1]),
        ("Who is allowed in?", "After 17:00?", ["Staff may come in.", "The gate is shut."], [0, 1]),
        ("Who repairs lifts?", "Who pays it?", ["The landlord.", "The tenant pays."], [0, 1]),
    ],
)
def test_who_names_another_thing_is_told_of_that(
    evidence: MakeEvidence, before: str, turn: str, sentences: list[str], meant: list[int]
) -> None:
    best = [Ranked(evidence(sentence), 1.0) for sentence in sentences]

    kept = of_last_turn(best, _asked(turn, before))

    assert [one.evidence.quote for one in kept] == [sentences[at] for at in meant]


def test_what_is_named_may_stand_in_the_heading(evidence: MakeEvidence) -> None:
    annual = Ranked(evidence("26 days a year.", lead="Annual leave"), 1.0)
    sick = Ranked(evidence("Full pay for six weeks.", lead="Sickness"), 1.0)

    assert of_last_turn([annual, sick], _asked("What about sick leave?", "Annual leave?")) == [sick]
