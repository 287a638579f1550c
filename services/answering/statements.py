"""Sentences that say of the very thing that is asked about how much it is: 试用期为六个月."""

import re
from collections.abc import Sequence

from services.answering.composing import Ranked
from services.answering.leads import as_said
from services.answering.question_types import asked_type
from services.language.normalize import folded
from services.language.terms import content_terms

# The sentence is looked for among so many of the best.
_FIRST = 5
_NUMERAL = (
    r"\d|[一二三四五六七八九十两百半]|"
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|half)\b"
)
_STATES = re.compile(
    rf"^(?P<of>.{{1,40}}?)(?:[为是][^，,。；;]{{0,4}}?|[:：]\s*|"
    rf" (?:lasts?|is|are|takes?|costs?|amounts? to)\b[^,;.]{{0,12}}?)(?:{_NUMERAL})"
)


def of_what_is_asked(best: Sequence[Ranked], question: str, language: str) -> list[Ranked]:
    """Return the evidence, first of all what says how much the very thing is that a *question* for
    an amount names, and nothing else before that: of 试用期多长 not 试用期内的通知期为两周.
    """
    if asked_type(folded(question), language) != "number":
        return list(best)
    asked = frozenset(content_terms(question))
    for one in best[:_FIRST]:
        states = _STATES.match(folded(as_said(one.evidence.quote)))
        named = frozenset(content_terms(states["of"])) if states else frozenset()
        if named and named <= asked:
            first = Ranked(one.evidence, best[0].score)
            return [first, *(other for other in best if other is not one)]
    return list(best)
