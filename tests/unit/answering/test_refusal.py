"""What is said where there is no answer."""

import pytest

from services.answering.refusal import greets


@pytest.mark.parametrize(
    ("question", "is_greeting"),
    [
        ("你好", True),
        ("您好！在吗？", False),
        ("在吗", True),
        ("谢谢啦", False),
        ("Thank you very much!", True),
        ("Hello there", True),
        ("Hi, how much leave do I get?", False),
        ("早餐几点？", False),
    ],
)
def test_who_only_greets_is_greeted(question: str, is_greeting: bool) -> None:
    assert greets(question) is is_greeting
