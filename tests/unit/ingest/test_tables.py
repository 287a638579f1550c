"""Tables as text."""

from ingest.reading.tables import html_rows, html_table, rows_as_text


def test_rows_stand_between_bars_and_empty_ends_go() -> None:
    assert rows_as_text([["a", "b", ""], ["", ""], ["1|2", " 3\n4 "]]) == "a | b\n1¦2 | 3 4"


def test_a_merged_cell_is_written_once_at_its_place() -> None:
    table = (
        "<table><caption>Ducks</caption><tr><td rowspan=2>A</td><td>B</td></tr>"
        "<tr><td>C</td></tr><tr><td colspan='999999999'>D</td></tr></table>"
    )

    assert html_rows(table) == [["Ducks"], ["A", "B"], ["", "C"], ["D"]]


def test_head_cells_name_columns_where_their_words_do_not() -> None:
    row = "<tr><{0}>{1}</{0}><{0}>{2}</{0}><{0}>{3}</{0}></tr>"
    head = row.format("th", "Rank", "Rail", "Flight")
    body = "".join(row.format("td", name, "second", "economy") for name in ("Board", "Staff"))
    table = f"<table><caption>Trips</caption>{{}}{body}</table>"

    ruled = "Trips\nRank | Rail | Flight\n--- | --- | ---\nBoard | second | economy\nStaff | second"
    assert html_table(table.format(head)).startswith(ruled)
    assert "---" not in html_table(table.format(head.replace("th", "td")))
    assert "---" not in html_table(table.format(head + head))
