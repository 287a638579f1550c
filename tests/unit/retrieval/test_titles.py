"""Names of the question and titles of documents."""

from services.retrieval.titles import phrase_of, phrases, title_terms


def test_a_company_and_its_year_meet_the_title_of_a_report() -> None:
    titles = ["BESTBUY_2023_10K"] * 5 + ["BESTBUY_2019_10K"] * 5 + ["ADOBE_2022_10K"] * 5

    scores = title_terms("What was Best Buy's revenue in FY2023?", titles)

    assert scores[0] == 1.0
    assert scores[0] > scores[5] > scores[10]


def test_words_of_many_titles_tell_little() -> None:
    titles = [f"Annual report {name}" for name in ("Adobe", "Boeing", "Amcor") for _ in range(4)]

    common = title_terms("What does the annual report say of risks?", titles)
    named = title_terms("What does Amcor say of risks?", titles)

    assert named == [0.0] * 8 + [1.0] * 4
    assert 0 < max(common) < 0.5


def test_titles_of_few_passages_are_left_to_phrases() -> None:
    assert title_terms("Normans", ["Normans", "Other"]) == [0.0, 0.0]
    assert phrases(["Doctor Strange (2016 film)"]) == ["doctor strange"]


def test_a_short_or_shared_title_is_no_phrase() -> None:
    assert phrase_of("It") == ""
    assert phrases(["Report"] * 4) == [""] * 4
