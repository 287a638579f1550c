"""Which follow-ups stand alone."""

import pytest

from services.retrieval.leaning import asks_of_one, leans, names_another


@pytest.mark.parametrize(
    ("question", "does"),
    [
        ("And for interns?", True),
        ("What about interns there?", True),
        ("How long does it last?", True),
        ("Fathers?", True),
        ("When must sick leave be reported?", False),
        ("How long does probation last?", False),
        ("那实习生呢？", True),
        ("它的价格是多少？", True),
        ("手机号多少？", True),
        ("需要什么证明？", True),
        ("Which documents are needed?", True),
        ("年假有多少天？", False),
        ("差旅费多久报销？", False),
        ("And how long does probation last?", False),
        ("OK, thanks. And how long does probation last?", False),
        ("好的，谢谢。那差旅费多久报销？", False),
        ("那个多少钱？", True),
        ("那试用期多长？", True),
        ("谁批？", True),
    ],
)
def test_a_question_leans_by_its_words(question: str, does: bool) -> None:
    assert leans(question) is does


@pytest.mark.parametrize(
    ("question", "does"),
    [
        ("And for interns?", True),
        ("What about HZW pumps?", True),
        ("How long for interns?", True),
        ("The HZW pumps?", True),
        ("那实习生呢？", True),
        ("上海？", True),
        ("那试用期多长？", False),
        ("实习生呢，有几天？", False),
        ("Who approves?", False),
        ("And how long does it last?", False),
        ("How much?", False),
    ],
)
def test_a_follow_up_may_only_name_another_thing(question: str, does: bool) -> None:
    assert names_another(question) is does


@pytest.mark.parametrize(
    ("question", "does"),
    [
        ("那试用期多长？", True),
        ("净重多少？", True),
        ("它的净重是多少？", False),
        ("多久？", False),
    ],
)
def test_a_chinese_one_may_say_in_one_word_of_what_it_speaks(question: str, does: bool) -> None:
    assert asks_of_one(question) is does
