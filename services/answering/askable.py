"""Whether a passage is one of which the question would be asked, by the generator's own measure.

A near-miss (the topic is there, the fact is not) shares its words with the passage; what gives it
away is a word that the model does not expect where it stands. Query likelihood ranks passages so
(Ponte and Croft 1998; Sachan et al. 2022, UPR); here its lowest word is looked at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.answering.evidence import Evidence
from services.engine import Generator, LikelyToken
from services.language.terms import content_terms

_ASKED = "\n\nA question that this text answers:"
_ALONE = "Question:"
_WORD = re.compile(r"\w+(?:['’]\w+)?")
# About 90 tokens around the best sentence: the whole passage costs twice and tells the same.
_WINDOW_CHARACTERS = 400
# Below this a word is as unexpected as it can be.
_FLOOR = -25.0


@dataclass(frozen=True, slots=True)
class Askable:
    """The log-probability of the question's least expected content word after the passage, and
    the least gain by the passage over nothing of those that stand in it. Zeros: not measured.
    """

    least: float = 0.0
    least_gain: float = 0.0


def askable(question: str, best: Evidence, generator: Generator) -> Askable:
    """Measure *question* after the text around the *best* sentence."""
    passage = best.found.passage
    around = f"{passage.document_title}\n{_window(best)}"
    after = _by_word(question, generator.likelihood(around + _ASKED, f" {question}"))
    if not after:
        return Askable()
    before = _by_word(question, generator.likelihood(_ALONE, f" {question}"))
    held = frozenset(content_terms(around))
    gains = [
        after[word] - before[word]
        for word in after
        if word in before and held & frozenset(content_terms(question[slice(*word)]))
    ]
    least = max(_FLOOR, min(after.values()))
    return Askable(least, max(_FLOOR, min(gains, default=0.0)))


def _window(best: Evidence) -> str:
    """Return the text of the passage around its best sentence."""
    passage = best.found.passage
    start, end = best.span.start - passage.start, best.span.end - passage.start
    room = max(0, _WINDOW_CHARACTERS - (end - start))
    left = min(start, max(room // 2, room - (len(passage.text) - end)))
    return passage.text[start - left : end + room - left]


def _by_word(question: str, tokens: Sequence[LikelyToken]) -> dict[tuple[int, int], float]:
    """Return the log-probability of each content word, by its place in the question."""
    found = {}
    for match in _WORD.finditer(question):
        if not content_terms(match[0]):
            continue
        # One character on: the measured text has a space in front.
        start, end = match.start() + 1, match.end() + 1
        over = [
            token.log_probability for token in tokens if token.start < end and token.end > start
        ]
        if over:
            found[match.span()] = sum(over)
    return found
