"""Measures, against values worked out by hand."""

import pytest

from services.evaluation.comparison import compared
from services.evaluation.measures import exact, holds, ranking, token_f1


@pytest.mark.parametrize(
    ("reply", "answers", "expected"),
    [
        ("It lies in France, in the north.", ["the France"], True),
        ("It lies in Francesca.", ["France"], False),
        ("它在天命六年（1621年）去世。", ["天命六年(1621年)"], True),
        ("anything", [""], False),
    ],
)
def test_an_answer_stands_in_a_reply(reply: str, answers: list[str], expected: bool) -> None:
    assert holds(reply, answers) is expected


def test_overlap_counts_words_and_characters() -> None:
    assert exact("The France!", ["france"])
    assert token_f1("north of France", ["France"]) == pytest.approx(0.5)
    assert token_f1("年假二十天", ["二十天"]) == pytest.approx(0.75)


def test_ranking_is_that_of_the_field() -> None:
    figures = ranking({"q": ["x", "a", "y", "b"]}, {"q": frozenset({"a", "b"})})

    # DCG = 1/log2(3) + 1/log2(5); the ideal is 1 + 1/log2(3).
    assert figures["ndcg@10"] == pytest.approx(0.6509, abs=1e-4)
    assert figures["recall@10"] == 1.0
    assert figures["mrr@10"] == 0.5
    assert figures["all@10"] == 1.0


def test_a_change_comes_with_its_interval() -> None:
    before = [{"set": "s", "questions": [{"id": str(i), "ndcg@10": 0.5} for i in range(50)]}]
    now = [{"set": "s", "questions": [{"id": str(i), "ndcg@10": 0.4} for i in range(50)]}]

    change = compared(now, before)[0]

    assert change["change"] == pytest.approx(-0.1)
    assert change["high"] < 0
