"""What is measured of a sentence, and of all of them together."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.answering import gate
from services.answering.composing import Ranked
from services.answering.evidence import Evidence
from services.answering.measures import FEATURES, Asked, Parts
from services.retrieval import Retrieval

MakeEvidence = Callable[..., Evidence]
PIRATES, GUNS = "海军在港口击沉了海盗的船。", "敌军劫掠了铁矿。"


def measured(evidence: MakeEvidence, question: str, language: str, *sentences: str) -> list[float]:
    """Return `characters` and `characters_near` of each sentence of one passage."""
    found = evidence("".join(sentences)).found
    zeros = np.zeros(len(sentences))
    parts = Parts(found, 0, sentences, [None] * len(sentences), (zeros, zeros, zeros))
    asked = Asked(Retrieval(question, language, [found]))
    at = [FEATURES.index("characters"), FEATURES.index("characters_near")]
    return [float(asked.features(parts, i)[k]) for i in range(len(sentences)) for k in at]


def test_a_sentence_in_other_words_meets_a_chinese_question_by_characters(
    evidence: MakeEvidence,
) -> None:
    question = "敵人掠奪了什麼？"

    own, near, other, other_near = measured(evidence, question, "zh", GUNS, PIRATES)

    assert own == near == pytest.approx(2 / 4)
    assert other == 0
    assert other_near == pytest.approx(2 / 4)


def test_an_english_question_is_not_measured_by_characters(evidence: MakeEvidence) -> None:
    assert measured(evidence, "Who sank the ships?", "en", PIRATES) == [0.0, 0.0]


def test_the_gate_sees_what_one_of_the_three_best_sentences_holds(evidence: MakeEvidence) -> None:
    question = "海军在哪里击沉了海盗？"
    retrieval = Retrieval(question, "zh", [evidence(GUNS).found], weights={"海军": 3.0})
    others = [Ranked(evidence("天气很好。", f"d{i}"), -float(i)) for i in range(3)]
    other_ranks = [
        Ranked(replace(one.evidence, rank=i + 1), one.score) for i, one in enumerate(others)
    ]
    best = [Ranked(evidence(GUNS), 1.0), *other_ranks[:1]]
    last = Ranked(replace(evidence(PIRATES, "e"), rank=9), -9.0)
    at = gate.FEATURES.index("words_near")

    assert gate.measured(retrieval, [*best, last])[at] == 1.0
    assert gate.measured(retrieval, [*best, *other_ranks[1:], last])[at] == 0.0


def test_versions_of_one_text_do_not_take_from_each_other(evidence: MakeEvidence) -> None:
    def mass(*quotes: str) -> float:
        best = [
            Ranked(replace(evidence(quote, f"d{i}"), rank=i), 0.0) for i, quote in enumerate(quotes)
        ]
        retrieval = Retrieval("婚假有几天？", "zh", [best[0].evidence.found])
        return float(gate.measured(retrieval, best)[gate.FEATURES.index("mass")])

    assert mass("员工结婚可享受十天婚假。", "员工结婚可享受七天婚假。") == 1.0
    assert mass("员工结婚可享受十天婚假。", "食堂中午十一点半开门。") == pytest.approx(0.5)
