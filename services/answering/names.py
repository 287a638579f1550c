"""Names and numbers of a question that a text does not have."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

from services.language.numbers import numbers
from services.language.numerals import number_terms
from services.language.terms import stem, stop_words

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_OWNED = re.compile(r"['’]s?$")
_NAMED = re.compile(r"\b([A-Z][\w'’-]{2,}) ([a-z]{3,})\b")
_DIGITS = re.compile(r"\d+")
_CENTURY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)[- ]centur")
_SHORTEST_NAME = 3
_LABEL = re.compile(r"(?<![A-Za-z0-9.'’&/+-])[A-Z]\d{0,3}(?![A-Za-z0-9'’&/+#-]|\.\s*\S)")
# Two spellings of one name: Norman and Normandy share most of their length, Malcolm and Malcom
# differ by one letter. Short names must be the same.
_STEM_LENGTH = 4
_STEM_SHARE = 0.7
_ONE_ERROR = 5
_TWO_ERRORS = 8


def names(question: str) -> list[str]:
    """Return the capitalised words of *question* behind its first, plain and in lower case."""
    found = list(_WORD.finditer(question))[1:]
    plain = [_plain(match[0]) for match in found if match[0][0].isupper()]
    return [
        part
        for word in plain
        if word not in stop_words()
        for part in re.split(r"[-'’]", word)
        if len(part) >= _SHORTEST_NAME
    ]


def labels(text: str) -> frozenset[str]:
    """Return the single letters that tell things of one kind apart: Team A, 附件B, Model X2. No
    initials of persons, nor the words that are one letter long.
    """
    found = (match for match in _LABEL.finditer(text) if match[0] != "I")
    return frozenset(match[0] for match in found if not _is_article(match, text))


def _is_article(match: re.Match[str], text: str) -> bool:
    begins = text[: match.start()].rstrip()[-1:] in {"", ".", "!", "?", ":", '"', "“"}
    return match[0] == "A" and begins and text[match.end() : match.end() + 1] == " "


def is_of_another(question: str, text: str, passage: str) -> bool:
    """Say whether *text* speaks of another thing of the kind that is asked about: of Team B where
    the question says Team A, of the Berlin office where it says the Hamburg office. Not where the
    thing itself stands anywhere in *passage*.
    """
    held = {_plain(match[0]) for match in _WORD.finditer(passage)}
    known = labels(passage)
    rivals = {(kind, name) for kind, name in _kinds(text)}
    for kind, name in _kinds(question):
        if name in known or _stands(_plain(name), held):
            continue
        if any(other == kind and one != name for other, one in rivals):
            return True
    return False


def _kinds(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and labels with the word that says what they are: behind a name (Berlin office),
    before or behind a label (Team A, A组).
    """
    for match in _NAMED.finditer(text):
        if match.start() > 0 and _plain(match[1]) not in stop_words():
            yield stem(match[2].lower()), match[1]
    for label in labels(text):
        for match in re.finditer(rf"(\w+) {label}\b|{label}([\u4e00-\u9fff])", text):
            yield stem((match[1] or match[2]).lower()), label


def missing(question: str, text: str) -> int:
    """Return how many names, labels and numbers of *question* stand in no form in *text*."""
    held = {_plain(match[0]) for match in _WORD.finditer(text)}
    held |= {part for word in held for part in re.split(r"[-'’]", word) if part}
    absent = sum(not _stands(name, held) for name in set(names(question)))
    absent += len(labels(question) - labels(text))
    return absent + len(_numbers(question) - _numbers_held(text))


def _stands(name: str, held: Iterable[str]) -> bool:
    return any(_alike(name, word) for word in held)


def _alike(one: str, other: str) -> bool:
    if one == other or stem(one) == stem(other):
        return True
    longer, shorter = max(len(one), len(other)), min(len(one), len(other))
    shared = 0
    while shared < shorter and one[shared] == other[shared]:
        shared += 1
    if shared >= _STEM_LENGTH and shared >= _STEM_SHARE * longer:
        return True
    errors = (shorter >= _ONE_ERROR) + (shorter >= _TWO_ERRORS)
    return bool(shared and errors and OSA.distance(one, other, score_cutoff=errors) <= errors)


def _numbers(text: str) -> frozenset[str]:
    return frozenset(part for number in numbers(text) for part in _DIGITS.findall(number))


def _numbers_held(text: str) -> frozenset[str]:
    """Return the numbers of *text*, written in words too; the 11th century holds 1000."""
    plain = text.lower()
    centuries = {f"{int(match[1]) - 1}00" for match in _CENTURY.finditer(plain)}
    return _numbers(text) | frozenset(number_terms(plain)) | centuries


def _plain(word: str) -> str:
    """Return a word in lower case without accents and possessive."""
    decomposed = unicodedata.normalize("NFKD", _OWNED.sub("", word))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()
