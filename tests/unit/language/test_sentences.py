"""Where sentences end."""

import pytest

from services.language.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith paid $3.50 to the U.S. office.", ["Dr. Smith paid $3.50 to the U.S. office."]),
        ("第一句。第二句，有逗号；第三句？", ["第一句。", "第二句，有逗号；", "第三句？"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("1. Item one\n2. Item two", ["1. Item one", "2. Item two"]),
        ("a | b\nc | d", ["a | b", "c | d"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_line_break_inside_running_text_is_no_end() -> None:
    text = "This is a long line of running text that was wrapped here\nand goes on."

    assert cut(text) == [text]


def test_no_sentence_is_longer_than_a_quote_may_be() -> None:
    text = "word " * 1000

    assert all(len(sentence) <= 600 for sentence in cut(text))
