"""Thoughts are not shown, however the text is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.thinking import ThoughtFilter


def shown(pieces: list[str]) -> str:
    thoughts = ThoughtFilter()
    return "".join(thoughts.passed(piece) for piece in pieces) + thoughts.rest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>hm, 5 < 6</think>Six.", "Six."),
        ("No <thinking> mark here <th", "No <thinking> mark here <th"),
        ("<think>never ends", ""),
        ("一<think>想</think>二", "一二"),
    ],
)
def test_what_stands_between_the_marks_is_left_out(text: str, expected: str) -> None:
    assert shown([text]) == expected


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "a", "/"])), st.data())
def test_pieces_show_what_the_whole_shows(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert shown(pieces) == shown([text])


def test_what_a_grammar_has_written_passes_whole() -> None:
    thoughts = ThoughtFilter(hides=False)

    assert thoughts.passed('{"tag": "<think>') + thoughts.passed('a</think>"}') == (
        '{"tag": "<think>a</think>"}'
    )
    assert thoughts.rest() == ""
