"""Names and numbers of the question brought together with titles of documents."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from services.language.terms import stop_words
from services.retrieval.bm25 import idf

_TOKEN = re.compile(r"q[1-4](?![a-z0-9])|[a-z]+|\d+")
_BRACKET = re.compile(r"\s*\([^()]*\)\s*$")
_WORD = re.compile(r"\w+")
_OWNED = re.compile(r"['’]s\b")
_SHORTEST_PHRASE = 4
# A title that so many passages share names a long report, not a page of its own.
_LONG_REPORT = 4
_MOST_SHARED = 3


def phrase_of(title: str) -> str:
    """Return a title as a phrase to look for: lower case, one space between words, without a
    closing bracket ("Mercury (planet)"); empty if too short to mean anything.
    """
    plain = " ".join(_WORD.findall(_BRACKET.sub("", title).lower()))
    return plain if len(plain) >= _SHORTEST_PHRASE else ""


def as_phrase(text: str) -> str:
    """Return a text in the form in which phrases are looked for, a space at both ends."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def title_terms(question: str, titles: Sequence[str]) -> list[float]:
    """Return for each passage's title how much of the question's names and numbers it holds.

    1 for the best, by the idf of the words over distinct titles, less where even the best holds
    only words of many titles; 0 for titles of fewer than four passages. "Best Buy" meets BESTBUY,
    "FY2022" and "2022" meet 2022, "Q3" meets 2022Q3.
    """
    often = Counter(titles)
    distinct = {title: frozenset(_TOKEN.findall(title.lower())) for title in often}
    held = Counter(token for tokens in distinct.values() for token in tokens)
    asked = _asked_tokens(question)
    worth = {
        token: idf(len(distinct), count)
        for token, count in held.items()
        if token in asked and token not in stop_words()
    }
    sums = {
        title: sum(worth.get(token, 0.0) for token in tokens)
        for title, tokens in distinct.items()
        if often[title] >= _LONG_REPORT
    }
    most = max(max(sums.values(), default=0.0), idf(len(distinct), 1))
    return [sums.get(title, 0.0) / most if most else 0.0 for title in titles]


def phrases(titles: Sequence[str]) -> list[str]:
    """Return each passage's title as a phrase; empty for titles that many passages share."""
    often = Counter(titles)
    return [phrase_of(title) if often[title] <= _MOST_SHARED else "" for title in titles]


def _asked_tokens(question: str) -> frozenset[str]:
    words = _TOKEN.findall(_OWNED.sub("", question.lower()))
    joined = [one + other for one, other in itertools.pairwise(words)]
    return frozenset([*words, *joined])
