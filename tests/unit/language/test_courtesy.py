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
        ("请问下午几点下班？", "下午几点下班？"),
        ("请问下周谁值班？", "下周谁值班？"),
        ("请问下年假有几天？", "年假有几天？"),
        ("请问一下子公司在哪里", "子公司在哪里"),
        ("请告诉我们年假有几天", "年假有几天"),
        ("跟我们说说年假有几天", "年假有几天"),
        ("我们想了解的是年假有几天", "年假有几天"),
        ("我們想知道年假有幾天", "年假有幾天"),
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
        "跟我们签合同的供应商有哪些？",
    ],
)
def test_a_question_about_such_words_stays(text: str) -> None:
    assert bare_question(text) == text
