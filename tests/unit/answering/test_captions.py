"""What names the table under it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.answering.draft import Draft
from services.answering.evidence import Evidence
from services.answering.leads import units
from services.domain.documents import Span
from services.domain.passages import Found
from services.language.captions import captions

ROWS = "体重 | 每次\n16–21 kg | 6 mL"
NAMED = "表 4-2 布洛芬混悬液（100 mL:2 g）"


@pytest.mark.parametrize(
    ("above", "name"),
    [
        (NAMED, "布洛芬混悬液（100 mL:2 g）"),
        ("Table 3: Rent by year.", "Rent by year."),
        ("附表一、外地住宿标准", "外地住宿标准"),
        ("2. 审批权限", "审批权限"),
        ("一、班次", "班次"),
        ("4.1 Basic rent per month:", "Basic rent per month"),
        ("1.5 小时以内的票价", "1.5 小时以内的票价"),
        ("- **Prices in Pudong**:", "**Prices in Pudong**"),
        ("Dealers pay less.\n\nPrice list for dealers", "Price list for dealers"),
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_line_right_above_a_table_names_it(above: str, name: str, between: str) -> None:
    text = f"{above}{between}{ROWS}\n\nAfter meals."

    (found,) = captions(text)

    line = above.rsplit("\n", maxsplit=1)[-1]
    assert found.name == name
    assert text[found.line.start : found.line.end] == line
    assert text[found.line.end : found.until].strip() == ROWS


@pytest.mark.parametrize(
    "above",
    [
        "每次用量须由药师核对，不得自行增减。",
        "单位：万元",
        "表 5",
        "All amounts are without tax, which is added on the invoice for those who are not firms",
        "After meals.\n\nName | Dose",
    ],
)
def test_sentences_labels_and_rows_name_no_table(above: str) -> None:
    assert list(captions(f"{above}\n\n{ROWS}")) == []


def test_a_row_stands_under_its_own_caption() -> None:
    other = "表 4-1 对乙酰氨基酚混悬液"
    text = f"{other}\n\n{ROWS}\n\n{NAMED}\n\n{ROWS}\n\n饭后服用为宜，多喝水。"

    found = [(text[u.span.start : u.span.end], u.lead) for u in units(text, (), lambda _: False)]

    assert ("布洛芬混悬液（100 mL:2 g）", None) in found
    assert [lead for said, lead in found if said.startswith("16")] == [
        "对乙酰氨基酚混悬液",
        "布洛芬混悬液（100 mL:2 g）",
    ]
    assert found[-1] == ("饭后服用为宜，多喝水。", None)
    assert other not in [said for said, _ in found]


@pytest.mark.parametrize("rows", [1, 40])
def test_a_row_is_told_and_cited_with_its_caption(
    evidence: Callable[..., Evidence], rows: int
) -> None:
    row = "16–21 kg | 6 mL"
    text = f"表 4-1 对乙酰氨基酚\n\n{ROWS}\n\n{NAMED}\n\n体重 | 每次\n" + f"{row}\n" * rows
    at = text.rindex(row)
    made = evidence(row, header="体重 | 每次", lead="布洛芬混悬液（100 mL:2 g）")
    passage = replace(made.found.passage, text=text, end=len(text))
    found = replace(made, found=Found(passage, 1.0), span=Span(at, at + len(row)))
    draft = Draft("zh")

    draft.quote(found)
    draft.quote(replace(found, quote="22–27 kg | 8 mL"))

    told = "布洛芬混悬液（100 mL:2 g）：体重：16–21 kg；每次：6 mL。体重：22–27 kg；每次：8 mL。"
    assert draft.text == told
    start = text.index(NAMED) if rows == 1 else text.rindex("体重")
    assert draft.citations[0].quote == text[start : at + len(row)]


def test_an_amount_in_the_caption_is_told_once(evidence: Callable[..., Evidence]) -> None:
    text = "表3 营业收入（单位：万元）\n项目 | 2023年\n泵 | 310"
    made = evidence("泵 | 310", header="项目 | 2023年", lead="营业收入（单位：万元）")
    passage = replace(made.found.passage, text=text, end=len(text))
    row = replace(made, found=Found(passage, 1.0), span=Span(text.index("泵"), len(text)))

    assert row.text == "营业收入：项目：泵；2023年：310（单位：万元）。"
    assert row.cited == Span(0, len(text))
