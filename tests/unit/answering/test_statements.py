"""What says how much the very thing is that is asked about."""

import pytest

from services.answering.composing import Ranked
from services.answering.statements import of_what_is_asked
from services.language.normalize import language_of
from tests.unit.answering.conftest import MakeEvidence


@pytest.mark.parametrize(
    ("question", "sentences", "first"),
    [
        ("试用期有多长？", ["试用期内的通知期为两周，之后为三个月。", "试用期为六个月。"], 1),
        (
            "How long does probation last?",
            ["During probation the notice period is two weeks.", "The probation lasts six months."],
            1,
        ),
        ("How much does the pump cost?", ["A spare part is 9 EUR.", "The pump costs 120 EUR."], 1),
        ("试用期内要交什么？", ["试用期内须交体检报告。", "试用期为六个月。"], 0),
        ("年假有几天？", ["连续休假超过十天的须提前商定。", "婚假为十天。"], 0),
    ],
)
def test_the_sentence_about_the_very_thing_goes_first(
    evidence: MakeEvidence, question: str, sentences: list[str], first: int
) -> None:
    best = [Ranked(evidence(one), 2.0 - at) for at, one in enumerate(sentences)]

    told = of_what_is_asked(best, question, language_of(question))

    assert told[0].evidence.quote == sentences[first]
    assert {one.evidence.quote for one in told} == set(sentences)
