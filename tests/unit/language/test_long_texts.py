"""Text of any kind is read in time that grows with its length: a question may have 100,000
characters, and nobody else is answered while one is looked at.
"""

import time
from collections.abc import Callable

import pytest

from ingest.reading.mail_quotes import plain_blocks
from services.domain.answers import Turn
from services.language.courtesy import bare_question
from services.language.identifiers import identifiers
from services.language.normalize import on_one_line
from services.language.ranges import amounts
from services.language.sentences import sentences
from services.language.table_rows import header_of
from services.language.terms import content_terms
from services.language.translation import chinese_words, concepts
from services.retrieval.leaning import leans, names_another
from services.retrieval.standalone import standalone

_LENGTH = 40_000
# A second where the machine is busy; what is quadratic takes minutes.
_S = 6.0


@pytest.mark.parametrize(
    "part",
    [
        "0",
        "一二",
        "1,",
        "9.",
        " ",
        ", ",
        " please",
        "谢谢",
        ".",
        "(",
        "a-",
        "第",
        "E1",
        "a. ",
        "a | b. ",
        " --a",
        ";  ",
        "Er1 ",
        "版本 1.",
        "密码",
        "password ",
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        content_terms,
        bare_question,
        sentences,
        identifiers,
        on_one_line,
        plain_blocks,
        amounts,
        concepts,
        chinese_words,
        leans,
        names_another,
    ],
    ids=lambda read: read.__name__,
)
def test_long_runs_are_read_at_once(part: str, read: Callable[[str], object]) -> None:
    text = part * (_LENGTH // len(part))
    began = time.perf_counter()

    read(f"Who {text}x")

    assert time.perf_counter() - began < _S


def test_numbers_of_any_length_are_read() -> None:
    assert content_terms(f"{'9' * 400} million {'亿' * 600} 二{'亿' * 600}")
    assert header_of(["|---|---|"]) is None


def test_of_a_long_turn_the_beginning_is_looked_for() -> None:
    turn = Turn("user", "How is the pump started? " + "0" * 50_000)

    assert len(standalone("And why?", [turn])) < 600
