"""Blocks to canonical text."""

import pytest

from ingest.chunking.structure import pieces
from ingest.reading import Block, Contents
from ingest.reading.assemble import assemble
from services.domain.documents import Span
from services.domain.errors import UnreadableError


def test_spans_point_at_what_they_name() -> None:
    contents = Contents(
        [
            Block("heading", "Leave  rules", 1, 1),
            Block("text", "Take \u200bleave.", page=1),
            Block("table", "a | b\n1 | 2", page=2),
        ],
        pages=2,
        notes={"pages_with_text": 2},
    )

    reading = assemble(contents, "leave.pdf", 1000)

    assert reading.text == "Leave rules\n\nTake leave.\n\na | b\n1 | 2"
    heading, table = reading.headings[0], reading.tables[0]
    assert reading.text[heading.start : heading.end] == "Leave rules"
    assert reading.text[table.start : table.end] == "a | b\n1 | 2"
    assert [reading.text[p.start : p.end] for p in reading.pages] == [
        "Leave rules\n\nTake leave.",
        "a | b\n1 | 2",
    ]
    assert reading.title == "Leave rules"
    assert reading.grade["invisible_removed"] == 1


def test_rows_that_go_on_know_the_names_of_their_columns() -> None:
    blocks = [Block("text", "Yearly report", page=2), Block("text", "a | 1", page=2, names=" | N")]

    (mark,) = assemble(Contents(blocks, pages=2), "a.pdf", 100).named

    assert (mark.start, mark.end, mark.title) == (15, 20, "| N")


def test_no_text_is_an_error_in_words() -> None:
    with pytest.raises(UnreadableError, match="no text") as caught:
        assemble(Contents([Block("text", " \n ")]), "a.txt", 10)
    assert caught.value.code == "no_text"


def test_too_much_text_is_refused() -> None:
    with pytest.raises(UnreadableError, match="split it"):
        assemble(Contents([Block("text", "x" * 20)]), "a.txt", 10)


def test_a_page_without_text_lowers_the_grade() -> None:
    contents = Contents([Block("text", "x", page=1)], pages=2, notes={"pages_with_text": 1})

    reading = assemble(contents, "a.pdf", 10)

    assert reading.grade["grade"] == "poor"
    assert reading.grade["text_coverage"] == 0.5
    assert len(reading.pages) == 2


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("钥匙由门卫保管。客户在签订合同时应当支付押金人民币", "四百八十元。钥匙须归还。", True),
        ("It is short. The agreement can be ended by either side in", "writing. It is new.", True),
        ("The agreement can be ended by either side.", "writing. It is renewed.", False),
        ("第三章 押金与租金", "押金为四百八十元。", False),
        ("供暖系统改造项目的目标与范围说明", "改造后的能耗下降百分之二十", False),
        ("It is short. The offices are in Hamburg and in Berlin", "3. Prices and terms", False),
        ("Chapter 3 Deposits and what they are for", "Keys are returned.", False),
        ("Rent | 1,200 | 1,250 | a month and a half", "writing.", False),
    ],
)
def test_a_sentence_over_the_end_of_a_page_stays_whole(
    first: str, second: str, joined: bool
) -> None:
    blocks = [Block("text", first, page=1), Block("text", second, page=2)]

    reading = assemble(Contents(blocks, pages=2), "a.pdf", 1000)

    between = "\n" if joined else "\n\n"
    assert reading.text == f"{first}{between}{second}"
    assert reading.pages[0] == Span(0, len(first))


def test_its_passage_holds_the_whole_of_it() -> None:
    first, second = "钥匙由门卫保管。客户在签订合同时应当支付押金人民币", "四百八十元。钥匙须归还。"
    blocks = [Block("text", first, page=1), Block("text", second, page=2)]
    reading = assemble(Contents(blocks, pages=2), "a.pdf", 1000)

    found = pieces(reading)

    assert [(reading.text[one.start : one.end], one.page) for one in found] == [
        (f"{first}\n四百八十元。", 1),
        ("钥匙须归还。", 2),
    ]
