"""Names and numbers of a question that a text does not have."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from rapidfuzz.distance import OSA

from services.language.numbers import numbers
from services.language.numerals import number_terms
from services.language.ranges import amounts, in_unit_of, is_within
from services.language.table_rows import cells, is_row
from services.language.terms import stem, stop_words

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_OWNED = re.compile(r"['’]s?$")
_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-Z]\d{0,3}(?![A-Za-z0-9])")
# Characters behind a label that say nothing of what it is.
_JOINTS = frozenset("的了是在和与及或有为将把被从到对于也都")
_NAMED = re.compile(r"\b([A-Z][\w'’-]{2,}) ([a-z]{3,})\b")
_DIGITS = re.compile(r"\d+")
_CENTURY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)[- ]centur")
_BEFORE_WORD = re.compile(r" [A-Za-z]")
_PLAIN_FORMS = {
    ord(wide): unicodedata.normalize("NFKC", wide) for wide in map(chr, range(0xFF10, 0xFF5B))
}
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
    text = _narrow(text)
    found = (match for match in _LABEL.finditer(text) if match[0] != "I")
    return frozenset(match[0] for match in found if not _is_article(match, text))


def labels_held(text: str) -> frozenset[str]:
    """Return every single letter of *text* that may be a label, those that may be another too."""
    text = _narrow(text)
    found = _LETTER.finditer(text)
    return frozenset(match[0] for match in found if not _is_article(match, text))


def is_row_of_amount(question: str, quote: str, header: str | None = None) -> bool:
    """Say whether a row under *header* is of a range that an amount of the question falls into:
    DN250~DN450 names other sizes than DN300, and is of it.
    """
    asked = amounts(question) if is_row(quote) else {}
    return any(is_within(asked, cell) for cell in in_units(quote, header))


def in_units(quote: str, header: str | None) -> list[str]:
    """Return the cells of a row with the units that *header* names, where they name none."""
    names = [] if header is None else cells(header)
    found = zip_longest(cells(quote), names[: len(cells(quote))], fillvalue="")
    return [in_unit_of(cell, name) for cell, name in found]


def _is_article(match: re.Match[str], text: str) -> bool:
    before = text[: match.start()].rstrip(" ")[-1:]
    begins = before in {"", "\n", ".", "!", "?", ":", ";", "|", '"', "“", "(", "-", "•"}
    return match[0] == "A" and begins and _BEFORE_WORD.match(text, match.end()) is not None


def _narrow(text: str) -> str:
    """Return *text* with full-width letters and digits as plain ones, at the same places."""
    return text.translate(_PLAIN_FORMS)


def is_of_another(question: str, text: str, passages: str) -> bool:
    """Say whether *text* speaks of another thing of the kind that is asked about: of Team B where
    the question says Team A, of the Berlin office where it says the Hamburg office. Not where the
    thing itself stands anywhere in *passages*; abbreviations may stand there in full.
    """
    letters, words = labels_held(passages), _squeezed(passages)
    rivals = {*_labelled(text), *_named(text)}
    asked = {(kind, one) for kind, one in _labelled(question) if one not in letters}
    asked |= {
        (kind, one)
        for kind, one in _named(question)
        if not one.isupper() and _squeezed(one) not in words
    }
    return any(other == kind and one != name for kind, name in asked for other, one in rivals)


def things_named(text: str, *, is_heading: bool = False) -> frozenset[tuple[str, str]]:
    """Return the things that *text* names with what they are: ("plan", "Basic") of the Basic plan.
    The first word of a sentence is no name; that of a heading is.
    """
    return frozenset((*_named(f"on {text}" if is_heading else text), *_labelled(text)))


def _squeezed(text: str) -> str:
    """Return *text* as letters and digits alone: Wi-Fi and WiFi are the same."""
    return "".join(c for c in _plain(text) if c.isalnum())


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Yield names with the word behind them that says what they are: Berlin office."""
    for match in _NAMED.finditer(text):
        is_word = {_plain(match[1]), match[2]} & stop_words()
        if match.start() > 0 and not is_word:
            yield stem(match[2]), match[1]


def _labelled(text: str) -> Iterator[tuple[str, str]]:
    """Yield labels with the word before, or the character behind, that says what they are."""
    text = _narrow(text)
    for label in labels(text):
        for match in re.finditer(rf"([a-zA-Z]{{2,}}) {label}(?![A-Za-z0-9])", text):
            if match[1].lower() not in stop_words():
                yield stem(match[1].lower()), label
        for match in re.finditer(rf"([\u4e00-\u9fff]{{2}}){label}(?![A-Za-z0-9])", text):
            yield match[1], label
        for match in re.finditer(rf"(?<![A-Za-z0-9]){label}([\u4e00-\u9fff])", text):
            if match[1] not in _JOINTS:
                yield match[1], label


def missing(question: str, text: str) -> int:
    """Return how many names, labels and numbers of *question* stand in no form in *text*."""
    held = {_plain(match[0]) for match in _WORD.finditer(text)}
    held |= {part for word in held for part in re.split(r"[-'’]", word) if part}
    absent = sum(not _stands(name, held) for name in set(names(question)))
    absent += len(labels(question) - labels_held(text))
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
