"""The words of a Chinese question among the terms of passages."""

from collections.abc import Mapping

import pytest

from services.domain.passages import AnalysedPassage, Passage
from services.language.analysis import analysed
from services.retrieval.bm25 import counted
from services.retrieval.legs import Candidates
from services.retrieval.scoring import features

TEXTS = {
    1: "喀喇汗国于1041年分裂。",
    2: "西罗马帝国一分为二。",
    3: "天气很好。",
}


def test_a_passage_is_measured_by_the_weight_of_the_words_that_it_has() -> None:
    stored = {number: _stored(number, text) for number, text in TEXTS.items()}

    words = features("喀喇汗國何時一分為二?", _candidates("zh", stored), stored, {})["words"]

    assert words.tolist() == pytest.approx([6 / 10, 4 / 10, 0, 0])


def test_other_questions_are_not_measured_by_it() -> None:
    stored = {number: _stored(number, text) for number, text in TEXTS.items()}

    assert not features("When was it divided?", _candidates("en", stored), stored, {})[
        "words"
    ].any()


def _stored(number: int, text: str) -> AnalysedPassage:
    title, body = analysed("", (), text)
    passage = Passage(number, f"d{number}", "d.md", "", "s", "c", "c", 0, text, 0, len(text))
    return AnalysedPassage(passage, title, body)


def _candidates(language: str, stored: Mapping[int, AnalysedPassage]) -> Candidates:
    return Candidates(
        language=language,
        terms={},
        content=frozenset(),
        idf={"喀喇汗国": 6.0, "一分为二": 4.0},
        ids=(1, 2, 3, 4),
        lexical={},
        title={},
        dense={},
        question=None,
        counted=counted(stored, {}),
    )
