"""The first passages ordered again."""

from collections.abc import Sequence

from services.domain.passages import Found, Passage
from services.engine import ModelCard
from services.retrieval.reranking import Reranking


class Reader:
    """Scores texts by what its table says of them, as many as *most*."""

    def __init__(self, table: dict[str, float], languages: str = "*", most: int = 99) -> None:
        self.card = ModelCard("reader", "reranking", frozenset({languages}), 1, 1)
        self._table = table
        self._most = most

    def scores(self, question: str, texts: Sequence[str], budget_s: float) -> list[float]:
        """Score them by the table."""
        assert question
        assert budget_s > 0
        return [self._table[text] for text in texts[: self._most]]


FOUND = [
    Found(Passage(i, f"d{i}", "", "", "", "c", "c", 0, text, 0, 1), 1.0 - i / 10)
    for i, text in enumerate(("a", "b", "c"))
]
TABLE = {"a": 0.1, "b": 0.9, "c": 0.5}


def order(reranking: Reranking, language: str = "en") -> list[str]:
    return [one.passage.text for one in reranking.reranked("?", language, FOUND)]


def test_the_reader_decides_the_order_and_its_scores_are_shown() -> None:
    reranking = Reranking(Reader(TABLE), 1.0)

    ordered = reranking.reranked("?", "en", FOUND)

    assert [one.passage.text for one in ordered] == ["b", "c", "a"]
    assert ordered[0].scores["rerank"] == 0.9
    assert ordered[0].score > ordered[1].score > ordered[2].score > FOUND[0].score


def test_what_was_not_scored_in_time_stays_behind() -> None:
    assert order(Reranking(Reader(TABLE, most=2), 1.0)) == ["b", "a", "c"]


def test_a_language_that_it_does_not_read_is_left_as_it_was() -> None:
    assert order(Reranking(Reader(TABLE, languages="en"), 1.0), "zh") == ["a", "b", "c"]
