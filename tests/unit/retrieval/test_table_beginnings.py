"""What stands above the later rows of a table."""

from collections.abc import Sequence
from typing import cast

import pytest

from services.domain.passages import Found, Passage
from services.domain.scope import Scope
from services.registry.passages import Passages
from services.retrieval.table_beginnings import with_beginnings

SCOPE = Scope("somebody")


class OneText:
    """A registry in which the same text stands before each passage."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.asked: list[int] = []

    def before(self, _scope: Scope, ids: Sequence[int], most: int) -> dict[int, str]:
        """Return the text's end for each."""
        self.asked += ids
        return dict.fromkeys(ids, self._text[-most:])


def found(number: int, *headings: str) -> Found:
    text = "Pump 9 | 90"
    place = Passage(number, "d", "d.md", "", "", "c", "c", 0, text, 5_000, 5_011, headings)
    return Found(place, 1.0)


@pytest.mark.parametrize(
    ("text", "above"),
    [
        ("Prices:\n\nProduct | Price\nPump 8 | 80\n", "Product | Price\nPump 8 | 80\n"),
        ("Prices:\n\n| Product | Price |\nPump 8 | 80\n", "| Product | Price |\nPump 8 | 80\n"),
        # Another table, or none, or too far away.
        ("Product | Price\nPump 1 | 10\n\nPump 8 | 80\n", ""),
        ("It rained.\n", ""),
        ("Product | Price\n" + "Pump 8 | 80\n" * 90, ""),
    ],
)
def test_it_begins_with_the_names_of_the_columns(text: str, above: str) -> None:
    registry = cast("Passages", OneText(text))

    (topped,) = with_beginnings([found(1, "Prices", "| Product | Price |")], registry, SCOPE)

    assert topped.passage.above == above


def test_only_passages_that_begin_within_a_table_are_looked_up() -> None:
    one = OneText("Product | Price\n")

    plain, rest = with_beginnings(
        [found(1, "Prices"), found(2, "| Product | Price |")], cast("Passages", one), SCOPE
    )

    assert one.asked == [2]
    assert (plain.passage.above, rest.passage.above) == ("", "Product | Price\n")
