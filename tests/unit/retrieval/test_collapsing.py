"""Passages of the same words."""

from services.domain.passages import AnalysedPassage, Passage
from services.retrieval.retriever import collapsed


def passage(number: int, words: str) -> AnalysedPassage:
    return AnalysedPassage(
        Passage(number, f"d{number}", "", "", "", "c", "c", 0, "t", 0, 1), "", words
    )


def test_the_same_words_are_shown_once_with_where_else_they_stand() -> None:
    ranked = [(passage(1, "leave 23 day"), 3.0), (passage(2, "leave 23 day"), 2.0)]

    [(one, score, also_in)] = collapsed(ranked, 10)

    assert (one.passage.id, score) == (1, 3.0)
    assert [same.id for same in also_in] == [2]


def test_another_number_is_another_passage() -> None:
    ranked = [(passage(1, "leave 23 day"), 3.0), (passage(2, "leave 25 day"), 2.0)]

    assert [one.passage.id for one, _, _ in collapsed(ranked, 10)] == [1, 2]


def test_duplicates_beyond_the_limit_are_still_told() -> None:
    ranked = [(passage(1, "a"), 3.0), (passage(2, "b"), 2.0), (passage(3, "a"), 1.0)]

    [(one, _, also_in)] = collapsed(ranked, 1)

    assert one.passage.id == 1
    assert [same.id for same in also_in] == [3]
