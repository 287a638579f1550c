"""How expected a question is after a passage."""

from collections.abc import Callable

import pytest
from typing_extensions import override

from services.answering.askable import Askable, askable
from services.answering.evidence import Evidence
from services.engine import LikelyToken
from services.engine.memory_generator import MemoryGenerator

MakeEvidence = Callable[..., Evidence]
QUESTION = "Who ruled Sicily?"


class Expecting(MemoryGenerator):
    """Finds each word as likely as *after* says behind a passage, and all at -8 behind nothing."""

    def __init__(self, after: dict[str, float]) -> None:
        super().__init__(lambda _: "")
        self._after = after

    @override
    def likelihood(self, before: str, text: str) -> list[LikelyToken]:
        found, start = [], 0
        for word in text.split(" ")[1:]:
            likely = self._after.get(word, -1.0) if "\n" in before else -8.0
            found.append(LikelyToken(start, start + 1 + len(word), likely))
            start += 1 + len(word)
        return found


def test_the_least_expected_word_of_meaning_is_told(evidence: MakeEvidence) -> None:
    generator = Expecting({"Who": -20.0, "ruled": -9.5, "Sicily?": -2.0})

    told = askable(QUESTION, evidence("Roger ruled Sicily."), generator)

    # "Who" only asks; "ruled" is less likely than without the passage, though it stands in it.
    assert told.least == pytest.approx(-9.5)
    assert told.least_gain == pytest.approx(-1.5)


def test_a_model_that_tells_nothing_measures_nothing(evidence: MakeEvidence) -> None:
    silent = MemoryGenerator(lambda _: "")

    assert askable(QUESTION, evidence("Roger ruled Sicily."), silent) == Askable()
