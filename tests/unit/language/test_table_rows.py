"""Rows of tables with the names of their columns."""

import pytest

from services.language.table_rows import header_of, rows_of, told

PUMPS = "Product | Price in EUR | Warranty\nPump A | 120 | 24\nPump B | 340 | 36"


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("Product | Price | Warranty", True),
        ("产品 | 单价（元） | 保修（月）", True),
        ("Region (in millions) | 2023 | 2022 | Change", True),
        ("项目 | 2023年 | 2022年", True),
        (" | Q1 | Q2", True),
        ("型号 | 功率（千瓦） | 备注", True),
        ("Ada | 3rd floor, left | Paris", True),
        ("水泵甲 | 120元 | 24个月", False),
        ("Pump | USD 120 | 24 mo", False),
        ("Pump A | 120 | 24", False),
        ("Northern Europe | 4,512.7 | 7.5 %", False),
        ("Net sales | $ 1,204 | (330.9)", False),
        ("Pump A | ", False),
        (f"{'long ' * 60} | name", False),
    ],
)
def test_a_first_row_names_the_columns_unless_amounts_stand_in_it(first: str, names: bool) -> None:
    assert header_of([first, "Pump B | 340 | 36"]) == (first.strip() if names else None)


def test_a_caption_is_no_row() -> None:
    assert header_of(["Prices of pumps", *PUMPS.splitlines()]) == PUMPS.splitlines()[0]


def test_each_row_has_the_header_of_its_own_table() -> None:
    text = f"Prices are these.\n{PUMPS}\n\nStaff:\n\nName | Floor\nAda | 3\nUnder way | unfinished"

    ends = f"{text}\n"
    found = {
        text[start : ends.index("\n", start)]: header for start, header in rows_of(text).items()
    }

    product, name = "Product | Price in EUR | Warranty", "Name | Floor"
    assert found == {
        product: product,
        "Pump A | 120 | 24": product,
        "Pump B | 340 | 36": product,
        name: name,
        "Ada | 3": name,
        "Under way | unfinished": name,
    }


def test_groups_of_columns_units_and_rules_are_not_rows() -> None:
    lines = [
        "|  |  | Years Ended September 30, |  |",
        "| --- | --- | --- | --- |",
        "|  | 2019 | 2018 | 2017 |",
        "|  |  | (in millions) |  |",
        "| Solutions: |  |  |  |",
        "| Fixed Price | $ 1,452.4 | $ 1,146.2 | (36.9) |",
    ]

    found = list(rows_of("\n".join(lines)).values())

    assert found[:3] == lines[:3]
    assert set(found[3:]) == {lines[2]}
    assert told(lines[2], lines[5], "en") == (
        "Fixed Price; 2019: $ 1,452.4; 2018: $ 1,146.2; 2017: (36.9)."
    )


def test_later_rows_stand_under_the_header_above() -> None:
    assert rows_of("Pump C | 18 | 12\nPump D | 9 | 6", "Product | Price | Warranty") == {
        0: "Product | Price | Warranty",
        17: "Product | Price | Warranty",
    }


def test_a_line_with_a_bar_alone_is_no_table() -> None:
    assert rows_of("News | The Daily\nIt rained.") == {}


@pytest.mark.parametrize(
    ("header", "row", "language", "sentence"),
    [
        ("Product | Price", "Pump B | 340", "en", "Product: Pump B; Price: 340."),
        ("产品 | 单价（元）", "水泵乙 | 340", "zh", "产品：水泵乙；单价（元）：340。"),
        (" | 2023 | 2022", "Asia | 812.4 | 640.1", "en", "Asia; 2023: 812.4; 2022: 640.1."),
        ("Product | Price | Note", "Pump B |  | new", "en", "Product: Pump B; Note: new."),
        ("Product | Price", "Pump B | 340 | 36", "en", None),
        ("Product | Price", "Pump B", "en", None),
    ],
)
def test_a_row_is_told_as_a_sentence(
    header: str, row: str, language: str, sentence: str | None
) -> None:
    assert told(header, row, language) == sentence
