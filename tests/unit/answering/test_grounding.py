"""Which sentence supports what was written."""

import numpy as np
import pytest

from services.answering.evidence import FEATURES, Evidence
from services.answering.grounding import ground
from services.domain.documents import Span
from services.domain.passages import Found, Passage
from services.language.terms import content_terms


def evidence(quote: str, title: str = "") -> Evidence:
    passage = Passage(1, "d", "d.md", title, "s", "c", "c", 0, quote, 0, len(quote))
    return Evidence(
        Found(passage, 1.0),
        0,
        0,
        Span(0, len(quote)),
        quote,
        frozenset(content_terms(quote)),
        np.zeros(len(FEATURES)),
    )


LEAVE = evidence("Every employee has 23 days of paid leave a year.")
LEAVE_ZH = evidence("每位员工每年有23天带薪年假。")


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
    ],
)
def test_numbers_names_and_denials_must_agree(said: str, source: Evidence, supported: bool) -> None:
    assert ground(said, [source]).is_supported is supported


def test_the_best_support_is_taken() -> None:
    other = evidence("Unused days expire on 31 March.")

    assert ground("Unused days expire on 31 March.", [LEAVE, other]).evidence is other
