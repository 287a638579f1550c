"""What is called by a code."""

from dataclasses import replace

import pytest

from services.answering.codes import is_called, of_asked_code
from services.answering.composing import Ranked
from services.language.identifiers import identifiers
from tests.unit.answering.conftest import MakeEvidence


def test_the_row_that_is_called_by_the_asked_code_goes_first(evidence: MakeEvidence) -> None:
    title = evidence("HB-60 故障代码手册", "codes")
    row = evidence("E04 | 缺相 | 停泵", "codes", header="代码 | 含义 | 动作")
    mention = evidence("E04 按钮 | 红色 | 圆形", "codes", header="名称 | 颜色 | 形状")
    far = evidence("E04 | 门开", "minutes", header="代码 | 含义")
    best = [Ranked(one, 4.0 - at) for at, one in enumerate([title, mention, title, far, row])]

    told = of_asked_code(best, "HB-60报E04是什么故障？")

    assert [one.evidence for one in told[:2]] == [row, title]
    assert told[0].score > told[1].score == 4.0
    assert of_asked_code(best, "怎么复位？") == best


@pytest.mark.parametrize(
    ("text", "question", "does"),
    [
        ("A02 AIR IN LINE\nA04 OCCLUSION\nA16 FREE FLOW - clamp at once.", "What is A16?", True),
        ("A02: air in line\nA04: occlusion\n- A16: free flow", "What does A16 mean?", True),
        ("A02 AIR IN LINE\nA04 OCCLUSION\nA16 FREE FLOW", "What is A17?", False),
        ("Alarms are told by the display.\nA16 is told by a bell, too.", "What is A16?", False),
    ],
)
def test_a_line_of_a_list_of_codes_is_called_by_its_own(
    evidence: MakeEvidence, text: str, question: str, does: bool
) -> None:
    last = evidence(text.rsplit("\n", maxsplit=1)[-1])
    found = replace(last.found, passage=replace(last.found.passage, text=text))

    assert is_called(replace(last, found=found), identifiers(question)) is does
