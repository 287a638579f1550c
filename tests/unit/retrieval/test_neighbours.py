"""Neighbours joined."""

from services.domain.passages import Found, Passage
from services.retrieval.neighbours import joined


def found(document: str, ordinal: int) -> Found:
    return Found(Passage(ordinal, document, "", "", "", "c", "c", ordinal, "t", 0, 1), 1.0)


def test_neighbours_stand_together_where_the_best_of_them_stood() -> None:
    ranked = [found("a", 4), found("b", 0), found("a", 3), found("a", 5), found("a", 9)]

    groups = joined(ranked)

    assert [[(f.passage.document_id, f.passage.ordinal) for f in group] for group in groups] == [
        [("a", 3), ("a", 4), ("a", 5)],
        [("b", 0)],
        [("a", 9)],
    ]
