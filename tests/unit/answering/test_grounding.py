"""Which sentence supports what was written."""

from collections.abc import Callable

import pytest

from services.answering.evidence import Evidence
from services.answering.grounding import ground

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


def test_the_best_support_is_taken(evidence: MakeEvidence) -> None:
    leave, other = evidence(LEAVE), evidence("Unused days expire on 31 March.")

    assert ground("Unused days expire on 31 March.", [leave, other]).evidence is other
