"""Tables as text."""

from ingest.reading.tables import html_rows, rows_as_text


def test_rows_stand_between_bars_and_empty_ends_go() -> None:
    assert rows_as_text([["a", "b", ""], ["", ""], ["1|2", " 3\n4 "]]) == "a | b\n1¦2 | 3 4"


def test_a_merged_cell_is_written_once_at_its_place() -> None:
    table = (
        "<table><caption>Ducks</caption><tr><td rowspan=2>A</td><td>B</td></tr>"
        "<tr><td>C</td></tr><tr><td colspan='999999999'>D</td></tr></table>"
    )

    assert html_rows(table) == [["Ducks"], ["A", "B"], ["", "C"], ["D"]]
