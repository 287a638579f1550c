"""Passages."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.langchain_chunker import LangChainChunker
from ingest.chunking.sizing import sizes_for
from services.domain.documents import HeadingMark, Reading, Span
from services.engine import ModelCard
from services.language.normalize import canonical


def words(texts: Sequence[str]) -> list[int]:
    return [
        len(text.split()) + sum("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts
    ]


CHUNKER = LangChainChunker(words, 20)


@given(st.text(alphabet="ab 。.!?\n年假员工", max_size=400))
def test_passages_are_slices_that_leave_nothing_out(text: str) -> None:
    plain, _ = canonical(text)

    chunks = CHUNKER.chunks(Reading(plain))

    assert all(plain[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(plain.split())
    assert all(one.end <= other.start for one, other in pairwise(chunks))


def test_cuts_stand_at_sentence_ends_in_both_languages() -> None:
    chinese = "每位员工每年享有年假。" * 6
    english = "Every employee has paid leave. " * 10

    for text in (chinese, english.strip()):
        assert all(chunk.text.endswith(("。", ".")) for chunk in CHUNKER.chunks(Reading(text)))


def test_a_passage_knows_the_headings_above_it() -> None:
    text = "Leave\n\n" + "Annual leave is long. " * 6 + "\n\nSick\n\n" + "Sick leave is paid. " * 6
    marks = (
        HeadingMark(0, 5, 1, "Leave"),
        HeadingMark(text.index("Sick\n"), text.index("Sick\n") + 4, 2, "Sick"),
    )

    chunks = CHUNKER.chunks(Reading(text, headings=marks))

    assert chunks[0].headings == ("Leave",)
    assert chunks[-1].headings == ("Leave", "Sick")


def test_a_table_is_cut_between_rows_only() -> None:
    rows = [f"row {i} | value {i}" for i in range(12)]
    text = "\n".join(rows)

    chunks = CHUNKER.chunks(Reading(text, tables=(Span(0, len(text)),)))

    assert [line for chunk in chunks for line in chunk.text.split("\n")] == rows


def test_later_rows_of_a_table_stand_under_the_names_of_its_columns() -> None:
    rows = ["Product | Price | Stock", *(f"Pump {i} | {i * 10} | {i}" for i in range(12))]
    text = "Prices\n" + "\n".join(rows)
    reading = Reading(
        text, headings=(HeadingMark(0, 6, 1, "Prices"),), tables=(Span(7, len(text)),)
    )

    chunks = CHUNKER.chunks(reading)

    later = [chunk for chunk in chunks if chunk.start > text.index("Pump 0")]
    assert len(later) > 1
    assert {chunk.headings for chunk in later} == {("Prices", "| Product | Price | Stock |")}
    assert {chunk.headings for chunk in chunks if chunk not in later} == {("Prices",)}
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_what_leads_into_a_table_stands_with_it() -> None:
    prose = "Water is the tenant's business. Signs are to be approved by the landlord first. "
    lead, table = "4.1 Basic rent:", "Year 1 | 214\nYear 2 | 224\nYear 3 | 235"
    text = f"{prose * 3}\n{lead}\n\n{table}\n\n{prose}"
    start = text.index(table)

    chunks = CHUNKER.chunks(Reading(text, tables=(Span(start, start + len(table)),)))

    assert f"{lead}\n\n{table}" in [chunk.text for chunk in chunks]
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(text.split())


def test_later_rows_stand_under_the_caption_of_their_table_too() -> None:
    rows = ["Weight | Dose | Hours", *(f"{i} kg | {i * 10} mL | 8" for i in range(12))]
    tables = ["\n".join(rows), "\n".join(rows).replace(" mL", " mg")]
    text = f"Table 1: Syrup\n\n{tables[0]}\n\nAll doses are for children.\n\n{tables[1]}"
    at = [text.index(table) for table in tables]
    spans = tuple(Span(start, start + len(table)) for start, table in zip(at, tables, strict=True))

    chunks = CHUNKER.chunks(Reading(text, tables=spans))

    later = [chunk for chunk in chunks if chunk.text[0].isdigit()]
    first = {chunk.headings for chunk in later if "mL" in chunk.text}
    assert first == {("Syrup", "| Weight | Dose | Hours |")}
    assert {c.headings for c in later if "mg" in c.text} == {("| Weight | Dose | Hours |",)}


def test_a_caption_holds_for_rows_whose_columns_nothing_names() -> None:
    rows = "\n".join(f"{i} kg | {i * 10} mL" for i in range(12))
    text = f"表 4-3 奥司他韦治疗量\n\n{rows}\n\n肾功能不全者另行调整。"
    start = text.index(rows)

    chunks = CHUNKER.chunks(Reading(text, tables=(Span(start, start + len(rows)),)))

    held = [chunk.headings for chunk in chunks if "mL" in chunk.text]
    assert held == [(), *[("奥司他韦治疗量",)] * (len(held) - 1)]
    assert len(held) > 1
    assert chunks[-1].headings == ()


def test_rows_within_a_page_of_text_stand_under_the_names_of_their_columns() -> None:
    rows = ["Product | Price | Stock", *(f"Pump {i} | {i * 10} | {i}" for i in range(9))]
    below = "All prices are without tax. They hold for a year. " * 4
    text = "Prices\n\n" + "\n".join(rows) + "\n\n" + below.strip()

    chunks = CHUNKER.chunks(Reading(text))

    later = [chunk for chunk in chunks if chunk.text.startswith("Pump")]
    assert later
    assert {chunk.headings for chunk in later} == {("| Product | Price | Stock |",)}
    assert chunks[-1].headings == ()


def test_rows_that_go_on_from_a_page_before_stand_under_the_names_there() -> None:
    rows = "\n".join(f"Pump {i} | {i * 10} | {i}" for i in range(9))
    text = f"Yearly report\n\n{rows}\n\nAll prices are without tax."
    start = text.index(rows)
    mark = HeadingMark(start, start + len(rows), 0, "Product | Price | Stock")

    chunks = CHUNKER.chunks(Reading(text, pages=(Span(0, len(text)),), named=(mark,)))

    assert [chunk.text for chunk in (chunks[0], chunks[-1])] == [
        "Yearly report",
        "All prices are without tax.",
    ]
    assert {chunk.headings for chunk in chunks[1:-1]} == {("| Product | Price | Stock |",)}
    assert {chunk.headings for chunk in (chunks[0], chunks[-1])} == {()}


def test_a_passage_knows_its_page() -> None:
    text = "First page here.\n\nSecond page here."
    pages = (Span(0, 16), Span(18, len(text)))

    chunks = LangChainChunker(words, 4).chunks(Reading(text, pages=pages))

    assert [chunk.page for chunk in chunks] == [1, 2]


def test_chinese_that_the_embedder_cannot_read_is_cut_by_characters() -> None:
    def card(language: str) -> ModelCard:
        return ModelCard("m", "embedding", frozenset({language}), 1, 1)

    texts = ["年假二十天。", "Twenty days of leave."]
    row, bare = "年假 | 20", "年假 20"

    assert sizes_for(card("en"), words)([row]) == sizes_for(card("en"), words)([bare]) == [3]
    assert sizes_for(card("en"), words)(texts) == [3, 4]
    assert sizes_for(card("*"), words)(texts) == words(texts)


def headed(*sections: tuple[int, str, str]) -> Reading:
    """Return a text of sections: level, title, body."""
    text, marks = "", []
    for level, title, body in sections:
        text += "\n\n" if text else ""
        marks.append(HeadingMark(len(text), len(text) + len(title), level, title))
        text += f"{title}\n\n{body}" if body else title
    return Reading(text, headings=tuple(marks))


def test_short_sections_are_joined_under_one_heading_only() -> None:
    under = headed((1, "Offices", ""), (2, "Berlin", "Parking is free."), (2, "Bonn", "It costs."))
    apart = headed((1, "Berlin", "Parking is free."), (1, "Bonn", "It costs."), (1, "End", ""))

    assert [chunk.headings for chunk in CHUNKER.chunks(under)] == [("Offices",)]
    # A heading alone is no passage.
    assert [(chunk.headings, chunk.text) for chunk in CHUNKER.chunks(apart)] == [
        (("Berlin",), "Berlin\n\nParking is free."),
        (("Bonn",), "Bonn\n\nIt costs.\n\nEnd"),
    ]


def test_a_list_that_goes_on_keeps_what_leads_into_it() -> None:
    items = "\n".join(f"- thing number {number} of all" for number in range(9))
    text = f"The following may not be stored here:\n\n{items}\n\nAsk the desk."

    chunks = CHUNKER.chunks(Reading(text))

    lead = "The following may not be stored here:"
    assert chunks[0].headings == ()
    assert {chunk.headings for chunk in chunks[1:] if chunk.text.startswith("-")} == {(lead,)}
    assert len(chunks) > 2
