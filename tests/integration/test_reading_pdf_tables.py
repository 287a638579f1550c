"""Tables and forms on pages of a PDF, by their rules and by where their words stand."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest
from reportlab.lib.colors import black
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

from services.domain.documents import Reading

Draw: TypeAlias = Callable[[Canvas], None]
Read: TypeAlias = Callable[[Draw], Reading]
GRID = ("GRID", (0, 0), (-1, -1), 0.5, black)
UNDER = ("LINEBELOW", (0, 0), (-1, -1), 0.5, black)
ABOVE = ("LINEABOVE", (0, 0), (-1, 0), 0.5, black)


def ruled(rows: Sequence[Sequence[str]], *style: tuple[object, ...]) -> Draw:
    """Draw a table, its cells wrapped, in a grid unless *style* says otherwise."""

    def draw(canvas: Canvas) -> None:
        normal = getSampleStyleSheet()["Normal"]
        cells = [[Paragraph(cell, normal) for cell in row] for row in rows]
        table = Table(cells, colWidths=90, style=style or [("GRID", (0, 0), (-1, -1), 0.5, black)])
        table.wrapOn(canvas, 450, 600)
        table.drawOn(canvas, 30, 300)
        canvas.showPage()

    return draw


def test_a_ruled_table_of_words_is_read_cell_by_cell(read_drawn: Read) -> None:
    rows = (
        ("Plan", "What is included", "Notice period", "Monthly fee"),
        (
            "Basic",
            "Telephone support on working days and one visit a year",
            "Three months",
            "49 euros",
        ),
        ("Premium", "Everything in Plus and a resident engineer", "Six months", "On request"),
    )

    text = read_drawn(ruled(rows)).text

    assert text.split("\n") == [" | ".join(row) for row in rows]


def test_ruled_cells_over_rows_and_columns_are_read_whole(read_drawn: Read) -> None:
    rows = (
        ("Region", "First half of year", "", "Note"),
        ("", "Pumps", "Valves", ""),
        ("North", "12", "7", "estimated"),
        ("", "14", "9", "audited"),
    )
    grid = ("GRID", (0, 0), (-1, -1), 0.5, black)
    spans = [("SPAN", (0, 0), (0, 1)), ("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 2), (0, 3))]

    text = read_drawn(ruled(rows, grid, *spans)).text

    assert text.split("\n")[1:] == [
        "Region | First half of year Pumps | First half of year Valves",
        "North | 12 | 7 | estimated",
        "North | 14 | 9 | audited",
    ]


def test_rules_around_groups_of_rows_do_not_run_them_together(
    read_drawn: Read,
) -> None:
    rows = tuple((f"State {number}", str(10 + number), str(90 - number)) for number in range(6))
    boxes = [("BOX", (0, at), (-1, at + 2), 0.5, black) for at in (0, 3)]
    along = [("LINEBEFORE", (at, 0), (at, -1), 0.5, black) for at in (1, 2)]

    lines = read_drawn(ruled(rows, *boxes, *along)).text.split("\n")

    assert [line.replace(" | ", " ") for line in lines if line] == [" ".join(row) for row in rows]


def plain(rows: Sequence[Sequence[str]], *style: tuple[object, ...]) -> Draw:
    """Draw a table whose cells are a line each, in columns of 90 points."""

    def draw(canvas: Canvas) -> None:
        canvas.drawString(30, 660, "What follows is a table.")
        table = Table(rows, colWidths=90, style=style)
        _, height = table.wrapOn(canvas, 450, 600)
        table.drawOn(canvas, 30, 640 - height)
        canvas.drawString(30, 610 - height, "That was it.")
        canvas.showPage()

    return draw


def lines_of(reading: Reading) -> list[str]:
    """Return the lines that are not blank."""
    return [line for line in reading.text.split("\n") if line.strip()]


COSTS = (("Cost", "2024", "2023"), ("Rent", "120", "90"), ("Wages", "1,200", "80"))
SHEET = (
    ("", "CB-20", "CB-50"),
    ("Inner volume", "20 l", "50 l"),
    ("Empty weight", "5.8 kg", "9.6 kg"),
    ("Hold time", "not rated", "72 h"),
)


def test_rows_of_words_between_rows_of_amounts_stay_in_their_table(read_drawn: Read) -> None:
    rows = (*COSTS, ("Power", "7", "9"), ("Note", "see page 3", "none"), ("Water", "12", "by hour"))

    assert lines_of(read_drawn(plain(rows, GRID)))[1:-1] == [" | ".join(row) for row in rows]


def test_words_over_a_rule_are_told_whole_and_once(read_drawn: Read) -> None:
    rows = (
        ("Name", "Phone", "Where"),
        ("Petra Lang", "+49 30 12345", "Berlin office, second floor"),
        ("Ole Dahl", "+47 22 3456", "Oslo"),
    )

    assert lines_of(read_drawn(plain(rows, GRID)))[1:-1] == [" | ".join(row) for row in rows]


def test_paragraphs_with_lines_under_words_are_no_table(read_drawn: Read) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(4):
            y = 600 - 14 * number
            canvas.drawString(30, y, "See the supplier finance programs and the segment summary.")
            for left in (30, 110, 190, 270):
                canvas.rect(left, y - 3, 80, 14)
        canvas.showPage()

    assert (
        lines_of(read_drawn(draw))
        == ["See the supplier finance programs and the segment summary."] * 4
    )


@pytest.mark.parametrize(
    "style",
    [
        (UNDER, ABOVE),
        (
            ABOVE,
            ("LINEBELOW", (0, 0), (-1, 0), 1, black),
            ("LINEBELOW", (0, -1), (-1, -1), 1, black),
        ),
        (UNDER,),
        (),
    ],
    ids=["rows", "head and body", "no rule above", "no rules"],
)
def test_rows_without_upright_rules_are_rows(
    read_drawn: Read, style: Sequence[tuple[object, ...]]
) -> None:
    lines = lines_of(read_drawn(plain(SHEET, *style)))

    assert [line.strip() for line in lines[1:-1]] == [
        "| CB-20 | CB-50",
        *map(" | ".join, SHEET[1:]),
    ]


def test_cells_of_several_lines_between_level_rules_are_put_together(read_drawn: Read) -> None:
    rows = (
        ("Plan", "What is included", "Notice"),
        ("Basic", "Telephone support on working days and one visit a year", "Three months"),
        ("Plus", "All of Basic and a store of spare parts on the site", "One month"),
    )

    assert lines_of(read_drawn(ruled(rows, UNDER, ABOVE))) == [" | ".join(row) for row in rows]


def test_columns_of_running_text_between_rules_stay_text(read_drawn: Read) -> None:
    def draw(canvas: Canvas) -> None:
        for y in (660, 420, 180):
            canvas.line(30, y, 470, y)
        for column, left in enumerate((30, 260)):
            for number in range(30):
                y = 640 - 14 * number
                canvas.drawString(left, y, f"line {number} of column {column} goes on here")
        canvas.showPage()

    assert "|" not in read_drawn(draw).text


def test_a_ruled_table_that_goes_on_keeps_the_names_of_its_columns(read_drawn: Read) -> None:
    def draw(canvas: Canvas) -> None:
        rows = [("Part", "Supplier", "Lead time")]
        rows += [(f"P-{n:03d}", f"Firm {n % 7}", f"{n % 9 + 1} weeks") for n in range(20)]
        for part in (rows[:11], rows[11:]):
            table = Table(part, colWidths=90, style=[GRID])
            _, height = table.wrapOn(canvas, 450, 600)
            table.drawOn(canvas, 30, 650 - height)
            canvas.showPage()

    reading = read_drawn(draw)

    (mark,) = reading.named
    assert mark.title == "Part | Supplier | Lead time"
    assert reading.text[mark.start :].startswith("P-010 | Firm 3 | 2 weeks")


@pytest.mark.parametrize("style", [(GRID,), ()], ids=["ruled", "bare"])
def test_each_label_of_a_form_has_a_line_of_its_own(
    read_drawn: Read, style: Sequence[tuple[object, ...]]
) -> None:
    rows = (("Name:", "Petra Lang", "Unit:", "Quality"), ("Room:", "12", "Start:", "1 March"))

    lines = lines_of(read_drawn(plain(rows, *style)))[1:-1]

    assert lines == ["Name: Petra Lang", "Unit: Quality", "Room: 12", "Start: 1 March"]
