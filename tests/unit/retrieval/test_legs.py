"""Which of a question's words decide who is a candidate."""

from services.retrieval.legs import telling


def test_words_of_nearly_all_passages_do_not_decide() -> None:
    asked = [("the", 0.3), ("zanzibar", 1.0), ("treaty", 1.0)]
    idf = {"the": 0.05, "zanzibar": 9.0, "treaty": 4.0}

    assert telling(asked, idf) == [("zanzibar", 1.0), ("treaty", 1.0)]


def test_where_there_are_no_others_they_do() -> None:
    asked = [("who", 0.3), ("the", 0.3)]

    assert telling(asked, {"who": 0.2, "the": 0.05}) == asked
    assert telling([], {}) == []
