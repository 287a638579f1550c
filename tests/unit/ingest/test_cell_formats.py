"""Numbers and times of spreadsheets as their cells show them."""

import datetime as dt

import pytest

from ingest.reading.cell_formats import shown_number, shown_time


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (-0.05, '"▲"0.0%;"▼"0.0%', "▼5.0%"),
        (-3, '0" days left";0" days overdue"', "3 days overdue"),
        (1, '"Yes";"Yes";"No"', "Yes"),
        (0, '"Yes";"Yes";"No"', "No"),
        (-1234.5, "#,##0.00;[Red]-#,##0.00", "-1234.50"),
        (-500, "#,##0_);(#,##0)", "(500)"),
        (0, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', "$-"),
        (120, '[>=100]"high";[<100]"low"', "120"),
        (5, ";;;", "5"),
    ],
)
def test_a_number_is_told_by_the_part_of_its_sign(
    value: float, number_format: str, shown: str
) -> None:
    assert shown_number(value, number_format) == shown


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (dt.date(2024, 3, 1), "yyyy", "2024"),
        (dt.date(2024, 3, 1), "mmm yyyy", "2024-03"),
        (dt.datetime(2024, 3, 5, 14, 7, 33), "yyyy-mm-dd hh:mm:ss", "2024-03-05 14:07:33"),  # noqa: DTZ001
        (dt.timedelta(minutes=5, seconds=30), "[mm]:ss", "5:30"),
        (dt.timedelta(hours=30), "[h]:mm", "30:00"),
        (dt.time(9, 30), "h:mm", "09:30"),
    ],
)
def test_a_time_is_told_with_what_its_format_shows(
    value: dt.date | dt.time | dt.timedelta, number_format: str, shown: str
) -> None:
    assert shown_time(value, number_format) == shown
