"""What a footnote to a row of a table quotes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.answering.draft import Draft
from services.answering.evidence import Evidence
from services.answering.names import is_of_another, things_named
from services.domain.documents import Span
from services.domain.passages import Found

MakeEvidence = Callable[..., Evidence]
NAMES, ROW = "Product | Price", "Pump B | 340"


def test_a_row_is_told_with_the_unit_that_stands_above_its_table(evidence: MakeEvidence) -> None:
    text = "利润表\n\n单位：万元\n\n项目 | 2023年 | 2024年\n营业成本 | 27,290 | 31,603"
    row = evidence("营业成本 | 27,290 | 31,603", header="项目 | 2023年 | 2024年")
    start = text.index("营业成本")
    passage = replace(row.found.passage, text=text, end=len(text))
    row = replace(row, found=Found(passage, 1.0), span=Span(start, len(text)))

    assert row.text == "项目：营业成本；2023年：27,290；2024年：31,603（单位：万元）。"
    assert text[row.cited.start : row.cited.end].startswith("单位：万元")


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (f"Prices:\n{NAMES}\nPump A | 120\n{ROW}", f"{NAMES}\nPump A | 120\n{ROW}"),
        (f"{NAMES}\nValve C | 18\n\nAnd:\n\n{NAMES}\n{ROW}", f"{NAMES}\n{ROW}"),
        (f"Pump A | 120\n{ROW}", ROW),
        (f"{ROW}\n\nOther prices:\n\n{NAMES}\nValve C | 18", ROW),
    ],
)
@pytest.mark.parametrize("start", [0, 700])
def test_it_reaches_from_the_names_of_the_columns_to_the_row(
    evidence: MakeEvidence, text: str, quote: str, start: int
) -> None:
    made = evidence(text)
    passage = replace(made.found.passage, start=start, end=start + len(text))
    at = start + text.index(ROW)
    row = replace(
        made,
        found=replace(made.found, passage=passage),
        span=Span(at, at + len(ROW)),
        quote=ROW,
        header=NAMES,
    )
    draft = Draft("en")

    draft.say(row.text, row, 1.0)

    (citation,) = draft.citations
    assert draft.text == "Product: Pump B; Price: 340."
    assert citation.quote == quote
    assert text[citation.start - start : citation.end - start] == quote
    assert draft.cites(row)


def test_its_key_says_what_it_is_of(evidence: MakeEvidence) -> None:
    row = evidence("C Frozen food | 7.10", header="| Zone | Handling |")

    assert things_named(row.key, is_heading=True) >= {("zone", "C")}
    assert evidence("Zone C is cold.").key == ""
    code = evidence("F09 | 故障 | 报修", header="代码 | 含义 | 处理方法")
    assert things_named(code.key, is_heading=True) == {("代码", "F09")}
    assert is_of_another("故障代码F20是什么意思？", code.key, code.key)
    assert not is_of_another("故障代码F09是什么意思？", code.key, code.key)


def test_it_reaches_beyond_its_passage_to_names_that_stand_near(evidence: MakeEvidence) -> None:
    above = f"{NAMES}\nPump A | 120\n"
    made = evidence(f"{ROW}\n\nAll prices are without tax.")
    row = replace(
        made,
        found=replace(
            made.found,
            passage=replace(
                made.found.passage, start=500, above=above, headings=("Prices", f"| {NAMES} |")
            ),
        ),
        span=Span(500, 500 + len(ROW)),
        quote=ROW,
        header=f"| {NAMES} |",
    )
    draft = Draft("en")

    draft.say(row.text, row, 1.0)

    (citation,) = draft.citations
    assert citation.quote == f"{above}{ROW}"
    assert (citation.start, citation.end) == (500 - len(above), 500 + len(ROW))
    assert citation.passage_id == row.found.passage.id
