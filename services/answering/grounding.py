"""Which sentence of which passage supports what was written."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.answering.evidence import Evidence
from services.answering.leads import asks, leads_on
from services.answering.measures import title_of
from services.answering.misplaced import (
    is_an_exception,
    is_of_another_column,
    is_of_another_number,
    is_turned_round,
)
from services.answering.names import labels, labels_held
from services.language.normalize import CJK
from services.language.numbers import numbers
from services.language.terms import content_terms, words

# A written sentence counts as supported from this share of its content words on; one of a model
# that words badly only with all of them: what it adds is seldom true.
SUPPORTED, WHOLLY_SUPPORTED = 0.6, 1.0
# Words that say nothing by themselves: the sentence behind them does.
_NOTHING_SAID = frozenset({"yes", "no", "answer", "答案"})
# Nor do those that say where it stands.
_WHENCE = frozenset(
    {
        *content_terms("according documents handbook passage text context information provided"),
        *content_terms("根据 文档 资料 手册 规定 所述"),
    }
)
# Three words that come back so often are a loop of the model.
_LOOPS = 3
_NAME = re.compile(r"(?<![.!?。！？]\s)(?<!^)\b[A-Z][\w'’-]+")
# Words before a noun that begin many sentences, and are no names.
_DETERMINER = re.compile(
    r"(?:Every|Each|All|Any|Some|No|Both|Most|Many|Few|Several|Such|Another|Other|One|Two|Three)$"
)
_FIRST = re.compile(r"([A-Z][A-Za-z'’-]+) ([A-Za-z'’-]+)")
_CAPITALISED = re.compile(r"\b[A-Z][\w'’-]*")
_STOP = re.compile(r"[.!?。！？](?!\w)|\n")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nor|without|cannot|neither|except)\b|n['’]t\b|不|没|无|未|非",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Grounded:
    """A written sentence with what supports it best; `support` is between 0 and 1."""

    text: str
    support: float
    evidence: Evidence | None

    @property
    def is_supported(self) -> bool:
        """Say whether it may stand in an answer as a statement."""
        return self.evidence is not None and self.support >= SUPPORTED


def ground(text: str, evidence: Sequence[Evidence]) -> Grounded:
    """Return *text* with the evidence that supports it best.

    Numbers must be the same, names and labels (Team A) must occur, what is denied must be denied
    there too, and what stands together must stand together there (`misplaced.py`); then support is
    the share of its content words that the passage's sentence says. Of one under a heading or a
    question, what is added to that must stand in the sentence itself. A model that says the same
    over and over, or leads into nothing, says nothing; nor does a number alone.
    """
    if _is_loop(text) or leads_on(text):
        return Grounded(text, 0.0, None)
    said = _Said(text, evidence)
    best, support = None, 0.0
    for one in evidence:
        share = said.share_in(one)
        if share > support and not said.contradicts(one):
            best, support = one, share
    return Grounded(text, round(support, 4), best)


class _Said:
    def __init__(self, text: str, evidence: Sequence[Evidence]) -> None:
        self._text = text
        self._terms = frozenset(content_terms(text)) - _NOTHING_SAID - _WHENCE
        self._is_bare = not any(map(str.isalpha, "".join(self._terms)))
        self._numbers = numbers(text)
        self._labels = labels(text)
        # A title's words are known only as names: of "Your first weeks" nothing says "the first".
        named = " ".join(_CAPITALISED.findall(text)) if not CJK.search(text) else text
        self._of_title = frozenset(content_terms(named))
        names = [*_NAME.findall(text), *_first_name(text, evidence)]
        self._names = frozenset(content_terms(" ".join(names)))
        self._denies = denies(text)

    def share_in(self, evidence: Evidence) -> float:
        """Return the share of what is said that *evidence* says."""
        if self._is_bare:
            return 0.0
        known = evidence.terms | (_title(evidence) & self._of_title)
        return len(self._terms & known) / len(self._terms)

    def contradicts(self, evidence: Evidence) -> bool:
        """Say whether what is said is not what *evidence* says, though its words are there."""
        quote = evidence.context
        if self._denies != denies(whole_sentence(evidence)) or not self._numbers <= numbers(quote):
            return True
        is_named = self._names <= evidence.terms | _title(evidence)
        if not is_named or not self._labels <= labels_held(f"{quote}\n{title_of(evidence.found)}"):
            return True
        return self._is_misplaced(evidence) or self._only_repeats(evidence)

    def _only_repeats(self, evidence: Evidence) -> bool:
        """Say whether what is said beside the words of the heading or question above *evidence* is
        not what stands there: to repeat a question is no answer to it.
        """
        if evidence.lead is None:
            return False
        new = self._terms.difference(content_terms(evidence.lead))
        said = len(new & evidence.own_terms.union(content_terms(evidence.header or "")))
        return said < SUPPORTED * len(new) or (not new and asks(evidence.lead))

    def _is_misplaced(self, evidence: Evidence) -> bool:
        if evidence.header is not None:
            return is_of_another_column(self._text, evidence.header, evidence.quote)
        checks = (is_of_another_number, is_turned_round, is_an_exception)
        return any(check(self._text, evidence.quote) for check in checks)


def _title(evidence: Evidence) -> frozenset[str]:
    return _terms_of(evidence.found.passage.document_title)


@lru_cache(256)
def _terms_of(title: str) -> frozenset[str]:
    return frozenset(content_terms(title))


def _is_loop(text: str) -> bool:
    said = [word.lower() for word in words(text)]
    runs = Counter(zip(said, said[1:], said[2:], strict=False))
    return max(runs.values(), default=0) >= _LOOPS


def _first_name(text: str, evidence: Sequence[Evidence]) -> list[str]:
    """Return the word that *text* begins with, if it is a name: one in whose place a quote has
    another, before the same word. "Berlin closes" where the quote says "Hamburg closes".
    """
    first = _FIRST.match(text)
    if first is None or _DETERMINER.match(first[1]) or not content_terms(first[1]):
        return []
    for one in evidence:
        for rival in re.finditer(rf"\b([A-Z][A-Za-z'’-]+) {re.escape(first[2])}\b", one.quote):
            small = re.compile(rf"\b{re.escape(rival[1].lower())}\b")
            is_name = not _DETERMINER.match(rival[1]) and bool(content_terms(rival[1]))
            if (
                is_name
                and rival[1] != first[1]
                and not any(small.search(other.quote) for other in evidence)
            ):
                return [first[1]]
    return []


def whole_sentence(evidence: Evidence) -> str:
    """Return a sentence with what it stands under, and all of it where a semicolon parts it: "do
    not use it for slow queries; see the other one".
    """
    passage, text = evidence.found.passage, evidence.found.passage.text
    start, end = evidence.span.start - passage.start, evidence.span.end - passage.start
    if not 0 <= start < end <= len(text):
        return evidence.context
    begin = max((match.end() for match in _STOP.finditer(text, 0, start)), default=0)
    is_ended = _STOP.match(text, end - 1) is not None
    stop = None if is_ended else _STOP.search(text, end)
    until = end if is_ended else len(text) if stop is None else stop.end()
    return f"{evidence.context} {text[begin:start]} {text[end:until]}"


def denies(text: str) -> bool:
    """Say whether *text* holds a negation."""
    return _NEGATION.search(text) is not None
