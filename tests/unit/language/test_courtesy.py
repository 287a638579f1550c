"""What is said around a question is no part of it."""

import pytest

from services.language.courtesy import bare_question


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Please tell me: who wrote Hamlet?", "who wrote Hamlet?"),
        ("who wrote Hamlet Answer briefly.", "who wrote Hamlet"),
        ("I would like to know: how long is leave", "how long is leave"),
        ("Could you please tell me what the fee is? Thanks!", "what the fee is"),
        ("Hello, I was wondering how many days I get", "how many days I get"),
        ("请问总部在哪里？谢谢", "总部在哪里"),
        ("我想知道年假有几天，请简要回答。", "年假有几天"),
        ("請告訴我報銷流程", "報銷流程"),
    ],
)
def test_courtesy_is_taken_off(said: str, meant: str) -> None:
    assert bare_question(said) == meant


@pytest.mark.parametrize(
    "text",
    [
        "What does the song Tell Me Why mean",
        "What can you tell me about cats",
        "who do you know in Rome",
        "Please",
        "谢谢",
        "Who sang Thank You",
    ],
)
def test_a_question_about_such_words_stays(text: str) -> None:
    assert bare_question(text) == text
