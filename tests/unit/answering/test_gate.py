"""Which rows of tables are of the very thing that is asked about."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.answering.composing import Ranked
from services.answering.evidence import Evidence
from services.answering.gate import Gate
from services.engine import ModelCard
from services.retrieval import Retrieval

MakeEvidence = Callable[..., Evidence]
CARD = ModelCard("other", "embedder", frozenset({"en"}), 0, 0)


def judged(evidence: MakeEvidence, question: str, row: str) -> bool:
    """Say whether *row*, which holds little of the question, is taken to answer it beside a
    sentence of another document.
    """
    found = evidence(row, header="型号 | 净重 kg | 扬程 m" if "|" in row else None)
    other = replace(evidence("水泵每年保养一次。", "other"), rank=1)
    retrieval = Retrieval(question, "zh", [found.found, other.found])
    best = [Ranked(found, 0.0), Ranked(other, -1.0)]
    return Gate(CARD).judge(retrieval, best).answerable


@pytest.mark.parametrize(
    ("question", "row", "answers"),
    [
        ("HZL16-60一台有多重？", "HZL16-60 | 94 | 70", True),
        ("HZL16-60一台有多重？", "HZW80-200 | 94 | 70", False),
        ("铸造车间的泵一台有多重？", "铸造车间 | 94 | 70", True),
        ("HZL16-60一台有多重？", "HZL16-60的净重为94千克。", False),
    ],
)
def test_less_is_asked_of_a_row_of_the_very_thing(
    evidence: MakeEvidence, question: str, row: str, answers: bool
) -> None:
    assert judged(evidence, question, row) is answers
