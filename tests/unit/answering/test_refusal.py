"""What is said where there is no answer."""

import pytest

from services.answering.refusal import greets, refusal
from services.domain.documents import Standing


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


@pytest.mark.parametrize(
    ("standing", "english", "chinese"),
    [
        (
            Standing(may_ask=True, has_ready=True, unread=0),
            "The documents do not answer this question. The nearest passages are in: Leave.",
            "文档中没有这个问题的答案。最接近的内容在：Leave。",
        ),
        (
            Standing(may_ask=True, has_ready=True, unread=2),
            (
                "The documents do not answer this question. The nearest passages are in: Leave. "
                "Documents that are still being read: 2. Ask again when they are ready."
            ),
            (
                "文档中没有这个问题的答案。最接近的内容在：Leave。"
                "还有 2 份文档正在读取，读完后请再问一次。"
            ),
        ),
        (
            Standing(may_ask=False, has_ready=False, unread=0),
            (
                "The documents do not answer this question. There is no collection here that "
                "you may ask: an admin can give you a role in one."
            ),
            "文档中没有这个问题的答案。这里没有您可以查询的集合：请让管理员授予您角色。",
        ),
    ],
)
def test_a_refusal_says_what_came_nearest_or_why_there_is_nothing(
    standing: Standing, english: str, chinese: str
) -> None:
    assert refusal("en", ["Leave"], standing) == english
    assert refusal("zh", ["Leave"], standing) == chinese


def test_a_refusal_from_an_empty_collection_says_so() -> None:
    empty = Standing(may_ask=True, has_ready=False, unread=0)
    assert refusal("en", [], empty).endswith(" There are no documents to ask yet.")
    assert refusal("zh", [], empty).endswith("目前还没有可以查询的文档。")


def test_a_refusal_shows_the_closest_sentence_if_it_is_short() -> None:
    standing = Standing(may_ask=True, has_ready=True, unread=0)
    english = refusal("en", ["Leave"], standing, closest="Leave is 26 days.")
    assert english.endswith("are in: Leave. What comes closest: “Leave is 26 days.”")
    chinese = refusal("zh", ["Leave"], standing, closest="年假为26天。")
    assert chinese.endswith("最接近的内容在：Leave。最接近的一句：“年假为26天。”")
    assert "closest" not in refusal("en", ["Leave"], standing, closest="x" * 301)
