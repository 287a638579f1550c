"""Tables of PDFs, from lines whose cells stand where a page has them."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import event, given
from hypothesis import strategies as st

from ingest.reading.pdf_cells import Cell
from ingest.reading.pdf_tables import OpenTable, Row, with_tables

_LETTER = 5.0
# A line of a page: its height, and what it says from which place on.
Line = tuple[float, Sequence[tuple[float, str]]]


def laid(*lines: Line) -> list[str]:
    """Return what becomes of the *lines* of a page, in letters of five points."""
    return [line.strip() for line in laid_after(None, *lines)[0]]


def laid_after(before: OpenTable | None, *lines: Line) -> tuple[list[str], OpenTable | None]:
    """Return what becomes of the *lines* of a page behind one at whose end a table was open."""
    texts = [" ".join(text for _, text in line) for _, line in lines]

    def cells_of(number: int) -> list[Cell]:
        bottom, line = lines[number]
        return [Cell(text, at, at + _LETTER * len(text), bottom) for at, text in line]

    return with_tables(texts, cells_of, before)


def row(bottom: float, name: str, *amounts: str) -> Line:
    """Return a line with *amounts* that end at 300, 400 and so on."""
    ends = (300.0 + 100 * i for i in range(len(amounts)))
    placed = [(end - _LETTER * len(one), one) for end, one in zip(ends, amounts, strict=True)]
    return bottom, [(50.0, name), *placed] if name else placed


_WORDS = st.sampled_from(["120", "(3)", "$", "%", "2024", "—", "Rent", "amounts of", "共计"])
_ODD = st.lists(st.tuples(st.sampled_from([50, 120, 270, 280, 385]), _WORDS), max_size=4)
_AMOUNTS = st.lists(st.sampled_from(["120", "(3)", "$4", "—", "2024"]), min_size=2, max_size=2)


@st.composite
def pages(draw: st.DrawFn) -> list[Line]:
    """Draw a page of names and rows with some odd lines between, some a little higher."""
    page = [draw(_ODD), row(0, "", "2024", "2023")[1]]
    for name in draw(st.lists(st.sampled_from(["", "Rent", "共计"]), min_size=3, max_size=8)):
        page.append(row(0, name, *draw(_AMOUNTS))[1])
        page += draw(st.lists(_ODD, max_size=1))
    return [(draw(st.sampled_from([0.0, 5.0])) - 10 * i, sorted(x)) for i, x in enumerate(page)]


@given(pages())
def test_nothing_of_a_page_is_lost(page: list[Line]) -> None:
    before = Counter("".join(text.replace(" ", "") for _, line in page for _, text in line))

    made = laid(*page)

    event("table" if any("|" in line for line in made) else "text")
    assert before <= Counter("".join(made))


ROWS = (row(60, "Rent", "120", "90"), row(50, "Wages", "1,200", "(80)"), row(40, "Power", "7", "—"))


def test_rows_under_names_become_rows_of_cells() -> None:
    lines = laid((90, [(50, "All sums are in thousands.")]), row(70, "Cost", "2024", "2023"), *ROWS)

    assert lines == [
        "All sums are in thousands.",
        "",
        "Cost | 2024 | 2023",
        "Rent | 120 | 90",
        "Wages | 1,200 | (80)",
        "Power | 7 | —",
        "",
    ]


def test_without_names_above_them_rows_stay_text() -> None:
    text = (70, [(50, "The costs of the year 2024 and those of the year before:")])

    assert laid(text, *ROWS) == [" ".join(t for _, t in line) for _, line in (text, *ROWS)]


def test_a_column_without_a_name_leaves_all_as_text() -> None:
    lines = laid((70, [(280, "2024")]), *ROWS)

    assert "Rent 120 90" in lines


def test_names_in_parts_are_put_together_by_their_heights() -> None:
    lines = laid(
        (80, [(275, "Gross")]),
        (70, [(275, "value")]),
        (80, [(370, "Useful")]),
        (70, [(375, "life")]),
        *ROWS,
    )

    assert lines[1] == "| Gross value | Useful life"


def test_the_name_of_a_group_goes_to_each_of_its_columns() -> None:
    four = [row(60 - 10 * i, "Rent", "12", "11", "24", "22") for i in range(3)]
    years = row(70, "", "2024", "2023", "2024", "2023")
    middles = (80, [(310, "Three months"), (517, "Six months")])
    firsts = (80, [(270, "Three months"), (470, "Six months")])

    for groups in (middles, firsts):
        assert laid(groups, years, *four)[1] == (
            "| Three months 2024 | Three months 2023 | Six months 2024 | Six months 2023"
        )


def test_one_name_above_the_middle_of_three_is_nobodys() -> None:
    three = [row(60 - 10 * i, "Rent", "12", "11", "24") for i in range(3)]
    years = row(70, "", "2024", "2023", "2022")

    lines = laid((80, [(370, "Years")]), years, *three)

    assert lines[:3] == ["Years", "", "| 2024 | 2023 | 2022"]


def test_a_line_that_fits_into_no_column_ends_the_table() -> None:
    across = (30, [(50, "Other"), (270, "5 of 6 or 7 7 7 7 7 7 7")])
    astray = (30, [(50, "Other"), (340, "5"), (390, "6")])

    assert laid(row(70, "", "2024", "2023"), *ROWS, across)[4:] == [
        "Power | 7 | —",
        "",
        "Other 5 of 6 or 7 7 7 7 7 7 7",
    ]
    # A column that nothing names.
    assert "Rent 120 90" in laid(row(70, "", "2024", "2023"), *ROWS, astray)


def test_signs_that_stand_apart_belong_to_their_amounts() -> None:
    lines = laid(
        row(70, "", "2024", "2023"),
        (60, [(50, "Rent"), (262, "$"), (285, "120"), (362, "$"), (390, "90")]),
        (50, [(50, "Rate"), (285, "12"), (296, "%"), (380, "(3"), (391, ")")]),
        row(40, "Power $", "7", "6"),
    )

    assert lines[2:5] == ["Rent | $120 | $90", "Rate | 12% | (3)", "Power | $7 | 6"]


def test_names_of_rows_in_two_lines_are_put_together() -> None:
    lines = laid(
        row(90, "", "2024", "2023"),
        *(row(80, "Rent", "1", "2"), row(70, "Wages", "3", "4")),
        *((62, [(50.0, "归属于股东的扣除")]), (54, [(50.0, "后的净利润")])),
        row(58, "", "5", "6"),
        (45, [(50, "Assets:")]),
        row(35, "Land", "7", "8"),
    )

    assert lines[4:] == ["归属于股东的扣除后的净利润 | 5 | 6", "Assets:", "Land | 7 | 8", ""]


def test_a_number_below_opens_no_column() -> None:
    lines = laid(row(70, "", "2024", "2023"), *ROWS, (20, [(200, "17")]))

    assert lines[1] == "| 2024 | 2023"
    assert lines[-2:] == ["", "17"]


def test_words_behind_a_gap_are_a_column_only_where_most_rows_have_some() -> None:
    notes = [
        (60 - 10 * i, [(50, "Land"), (150, note), (285, "120"), (385, "900")])
        for i, note in enumerate(("note b", "note c", "note d"))
    ]
    one = (30, [(50, "Mines"), (150, "(old)"), (285, "120"), (385, "900")])

    lines = laid(row(70, "", "2024", "2023"), *ROWS, one)

    assert lines[5] == "Mines (old) | 120 | 900"
    assert laid((70, [(150, "Where"), (280, "2024"), (380, "2023")]), *notes)[1:3] == [
        "| Where | 2024 | 2023",
        "Land | note b | 120 | 900",
    ]


def test_running_text_above_is_no_name() -> None:
    text = (80, [(60, "The costs of the whole company were these, in thousands:")])

    assert laid(text, row(70, "", "2024", "2023"), *ROWS)[:3] == [
        text[1][0][1],
        "",
        "| 2024 | 2023",
    ]


FOUR = [row(60 - 10 * i, "Rent", "12", "11", "24", "22") for i in range(3)]


def test_what_is_the_same_above_names_that_come_back_is_a_part_of_them() -> None:
    names = row(70, "", "Net", "Cost", "Net", "Cost")
    gross = (80, [(285, "Gross"), (485, "Gross")])

    assert laid((90, [(330, "2024"), (530, "2023")]), gross, names, *FOUR)[1] == (
        "| 2024 Gross Net | 2024 Cost | 2023 Gross Net | 2023 Cost"
    )


def test_names_that_tell_no_column_from_another_are_none() -> None:
    assert "Rent 12 11 24 22" in laid(row(70, "", "2024", "2023", "2024", "2023"), *FOUR)


def test_the_name_of_the_last_columns_is_not_that_of_others() -> None:
    last = (80, [(487, "Changes over the years")])
    middle = (80, [(385, "Changes over the years")])
    names = row(70, "", "2024", "2023", "Sum", "Share")

    assert laid(last, names, *FOUR)[1] == (
        "| 2024 | 2023 | Changes over the years Sum | Changes over the years Share"
    )
    # In the middle of all it is that of all.
    assert laid(middle, names, *FOUR)[1].count("Changes over the years") == 4


def test_a_unit_is_about_all_amounts() -> None:
    unit = (80, [(270, "(in millions)")])

    assert laid(unit, row(70, "", "2024", "2023"), *ROWS)[1] == "(in millions) | 2024 | 2023"


def test_marks_of_notes_and_dates_are_names_and_amounts_are_none() -> None:
    dates = row(70, "", "31/12/2024", "2023 (1)")

    assert laid(dates, *ROWS)[1] == "| 31/12/2024 | 2023 (1)"
    assert "Rent 120 90" in laid(row(70, "", "12%", "7 - 9"), *ROWS)


def test_a_name_that_goes_on_with_a_small_letter_begins_in_the_line_before() -> None:
    lines = laid(
        row(90, "", "2024", "2023"),
        *(row(80, "Rent", "1", "2"), (70, [(50.0, "Costs of all")])),
        *(row(60, "other things", "3", "4"), (50, [(50.0, "Assets:")]), row(40, "land", "5", "6")),
    )

    assert lines[3:] == ["Costs of all other things | 3 | 4", "Assets:", "land | 5 | 6", ""]


def test_what_stands_below_the_rows_names_no_column() -> None:
    below = row(10, "", "Left", "Right")

    assert "Rent 120 90" in laid(below, *ROWS)


def test_the_number_of_the_page_is_no_row() -> None:
    assert laid(row(70, "", "2024", "2023"), *ROWS, (20, [(285, "17")]))[-2:] == ["", "17"]


def test_of_a_line_at_two_heights_what_names_no_column_is_kept() -> None:
    both = [(50.0, "Stock of"), (280.0, "2024"), (380.0, "2023")]
    texts = ["Stock of 2024 2023", *(" ".join(t for _, t in line) for _, line in ROWS)]
    cells = [Cell(t, at, at + _LETTER * len(t), 90 if at == 50 else 70) for at, t in both]

    def cells_of(number: int) -> list[Cell]:
        bottom, line = ROWS[number - 1]
        own = [Cell(t, at, at + _LETTER * len(t), bottom) for at, t in line]
        return own if number else cells

    made = [line.strip() for line in with_tables(texts, cells_of)[0]]

    assert made[:3] == ["", "| 2024 | 2023", "Stock of"]


def test_a_table_goes_on_at_the_top_of_the_next_page() -> None:
    foot, head = (10, [(200.0, "1 of 9")]), (95, [(200.0, "Yearly report")])
    label = (80, [(50.0, "Other costs:")])
    _, last = laid_after(None, row(70, "Cost", "2024", "2023"), *ROWS, foot)

    lines, still = laid_after(last, head, label, *ROWS)

    assert lines[:3] == ["Yearly report", "Other costs:", ""]
    assert [(line, line.names) for line in lines if isinstance(line, Row)] == [
        ("Rent | 120 | 90", "Cost | 2024 | 2023"),
        ("Wages | 1,200 | (80)", "Cost | 2024 | 2023"),
        ("Power | 7 | —", "Cost | 2024 | 2023"),
    ]
    assert still is not None


def test_another_table_on_the_next_page_does_not_go_on() -> None:
    _, last = laid_after(None, row(70, "Cost", "2024", "2023"), *ROWS)
    three = [row(60 - 10 * i, "Rent", "12", "11", "24") for i in range(3)]
    above = (80, [(50.0, "Costs"), (300.0, "all of them")])
    own = row(70, "Cost", "2022", "2021")

    assert "Rent 12 11 24" in laid_after(last, *three)[0]
    assert "Rent 120 90" in laid_after(last, above, *ROWS)[0]
    assert not any(isinstance(x, Row) and x.names for x in laid_after(last, own, *ROWS)[0])
    # What stands below a table in two columns ends it.
    assert laid_after(None, own, *ROWS, (20, [(50.0, "A text"), (300.0, "in columns")]))[1] is None
