"""Names and numbers that a text lacks."""

import pytest

from services.answering.names import (
    is_of_another,
    is_row_of_amount,
    labels,
    missing,
    names,
    things_named,
)


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Who was Malcolm's wife?", "Malcom III married Margaret.", 0),
        ("When did Norman knights land?", "They came from Normandy.", 0),
        ("When did Émile Zola die?", "Emile Zola died in 1902.", 0),
        ("What did Harold do in 1066?", "In 1066, William won.", 1),
        ("What happened in 1,066 villages in 1086?", "1066 villages were counted in 1086.", 0),
        ("What happened in 1087?", "It was counted in 1086.", 1),
        ("Where are the 7 dwarfs?", "Seven dwarfs live here.", 0),
        ("Who ruled in the 1000s?", "In the 11th century, he ruled.", 0),
        ("who ruled there", "He ruled.", 0),
    ],
)
def test_a_name_may_be_spelled_in_another_way_but_must_be_there(
    question: str, text: str, expected: int
) -> None:
    assert missing(question, text) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("When does Team A meet?", {"A"}),
        ("附件B和C组", {"B", "C"}),
        ("附件Ｂ和Ｃ组", {"B", "C"}),
        ("Model X2, plan B.", {"X2", "B"}),
        ("A rule for I and R&D, by J. Smith in the U.S.", set()),
    ],
)
def test_letters_that_tell_things_apart_are_labels(text: str, found: set[str]) -> None:
    assert labels(text) == found


def test_a_label_that_the_text_has_not_is_missing() -> None:
    assert missing("Where does Team C meet?", "Team B meets in room Beta.") == 1
    assert missing("Where does Team B meet?", "Team B meets in room Beta.") == 0
    assert missing("What does Team A get?", "The winner is Team A. It gets 500 EUR.") == 0


@pytest.mark.parametrize(
    ("question", "text", "another"),
    [
        ("When does Team A meet?", "Team B meets on Friday.", True),
        ("When does Team B meet?", "Team B meets on Friday.", False),
        ("When does the Hamburg office close?", "The Berlin office closes at 18:00.", True),
        ("When does the Berlin office close?", "The Berlin office closes at 18:00.", False),
        ("When does the Hamburg office close?", "All offices close at 18:00.", False),
        ("A组什么时候开会？", "B组每周五开会。", True),
        ("B组什么时候开会？", "B组每周五开会。", False),
        ("When does Team A meet?", "Team B meets on Friday in a room.", True),
        ("When does Team A meet?", "Team B meets on Friday. A room is free.", True),
        ("A组什么时候开会？", "B组每周五开会。\nA laptop is needed.", True),
        ("Ａ座在几楼？", "Ｂ座在三楼。", True),
        ("Ａ座在几楼？", "A座在三楼。", False),
        ("A 组什么时候开会？", "A 组每周五开会。B 组周四。", False),
        ("What is the Wi-Fi password?", "The WiFi password is tulip7.", False),
        ("Where is the Mercedes dealer?", "The Mercedes-Benz dealer is in Mill Road.", False),
        ("When does the COVID-19 policy end?", "The COVID-19 and the Travel policy end.", False),
        ("When does the NYC office close?", "The New York office closes at 18:00.", False),
        ("What was the revenue in Q3?", "Revenue in Q2 was 5, in the third quarter 6.", False),
        ("计划A的负责人是谁？", "附件B的说明里写着。", False),
    ],
)
def test_a_sentence_about_another_of_the_kind_is_told(
    question: str, text: str, another: bool
) -> None:
    assert is_of_another(question, text, text) is another
    assert not is_of_another(question, text, f"{text} {question}")


def test_the_first_word_of_a_question_is_no_name() -> None:
    assert names("Which king met Richard?") == ["richard"]


@pytest.mark.parametrize(
    ("text", "is_heading", "found"),
    [
        ("What does the Plus plan cost?", False, {("plan", "Plus")}),
        ("Basic plan", True, {("plan", "Basic")}),
        ("Prices", True, set()),
        ("A组由谁负责？", False, {("组", "A")}),
    ],
)
def test_things_are_named_with_what_they_are(
    text: str, is_heading: bool, found: set[tuple[str, str]]
) -> None:
    assert things_named(text, is_heading=is_heading) == found


@pytest.mark.parametrize(
    ("question", "row", "is_of_it"),
    [
        ("口径DN300的阀门保压多久？", "DN250~DN450 | 180 s", True),
        ("口径DN300的阀门保压多久？", "≤DN50 | 15 s", False),
        ("口径DN300的阀门保压多久？", "DN250~DN450的阀门保压180 s。", False),
        ("Malarone for a child of 25 kg?", "21–30 kg | 2 tablets", True),
        ("Malarone for children?", "21–30 kg | 2 tablets", False),
    ],
)
def test_a_row_of_a_range_is_of_an_amount_in_it(question: str, row: str, is_of_it: bool) -> None:
    assert is_row_of_amount(question, row) is is_of_it
