"""What a chat shows of a footnote's quote."""

from services.bots.concierge import _LONGEST_QUOTE, _shortened

ROWS = [f"Pump {i} | {i * 10} | {i}" for i in range(40)]


def test_of_a_long_table_the_names_of_the_columns_and_the_row_are_shown() -> None:
    quote = "\n".join(["Product | Price | Stock", *ROWS])

    assert _shortened(quote) == "Product | Price | Stock … Pump 39 | 390 | 39"


def test_what_is_short_is_shown_whole_and_text_is_cut_at_its_end() -> None:
    assert _shortened("Product | Price\nPump A | 120") == "Product | Price Pump A | 120"
    shown = _shortened("Leave is long. " * 40)
    assert len(shown) == _LONGEST_QUOTE
    assert shown.startswith("Leave is long.")
    assert shown.endswith("…")
