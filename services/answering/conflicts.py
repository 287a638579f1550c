"""Passages that say the same of a thing but for one name or number: sources that disagree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.answering.composing import Ranked, probabilities
from services.answering.evidence import Evidence
from services.language.normalize import CJK, folded
from services.language.numerals import in_digits, number_terms
from services.language.table_rows import YEAR, cells
from services.language.terms import CHINESE_STOP_WORDS, stem, stop_words, words

# Only sentences that are likely to answer are compared.
_LOOKED_AT = 12
_LIKELY = 0.02
# How much of the shorter sentence both must share, in characters, and how many words may stand in
# the place where they differ.
_SAME = 0.7
# The same where they differ in one number alone: 工资按百分之七十发放, 工资按百分之八十发放.
_SAME_BUT_ONE = 0.5
_SLOT = 5
_DIGITS = re.compile(r"\d+")
# A year that names a version, and not what a document reports of.
_VERSION = re.compile(
    r"((?:19|20)\d\d) ?年?(?:[第\d]*版|修订|试行)|"
    r"(?:(?i:version|edition|revision|rev\.?|v) ?)(?=((?:19|20)\d\d))|"
    r"((?:19|20)\d\d)(?= (?i:version|edition|revision))"
)
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sentences of different documents, and the words in which they differ; whether the other
    stands in an earlier version of one's document.
    """

    one: Evidence
    other: Evidence
    says: str
    other_says: str
    is_earlier: bool = False


def conflicts(best: Sequence[Ranked], temperature: float, question: str) -> list[Conflict]:
    """Return where the likely sentences of different documents contradict the best of them.

    Both say the same words in the same order but for one slot, which in each holds a name or a
    number that the question does not name.
    """
    asked = frozenset(words(folded(question)))
    likely = [
        one.evidence
        for one, probability in zip(
            best[:_LOOKED_AT], probabilities(best, temperature), strict=False
        )
        if probability >= _LIKELY
    ]
    found = []
    for other in likely[1:]:
        first = likely[0]
        if other.found.passage.document_id == first.found.passage.document_id:
            continue
        if _report_other_years(first, other):
            continue
        slot = _of_rows(first, other) or _slot(first.quote, other.quote, asked)
        if slot is None:
            continue
        if _is_newer(other, first):
            found.append(Conflict(other, first, slot[1], slot[0], is_earlier=True))
        else:
            found.append(Conflict(first, other, *slot, is_earlier=_is_newer(first, other)))
    return found


def undisputed(best: Sequence[Ranked], found: Sequence[Conflict]) -> list[Ranked]:
    """Return the evidence without what contradicts the rest, and without an earlier version of a
    document whose later one says otherwise.
    """
    others = [conflict.other for conflict in found]
    earlier = {one.other.found.passage.document_id for one in found if one.is_earlier}
    return [
        one
        for one in best
        if one.evidence not in others and one.evidence.found.passage.document_id not in earlier
    ]


def _of_rows(one: Evidence, other: Evidence) -> tuple[str, str] | None:
    """Return in what two rows of one name differ whose columns bear the same names, in versions of
    one document: the tables of two years' reports do not contradict each other.
    """
    if one.header is None or other.header is None or cells(one.header) != cells(other.header):
        return None
    if one.lead != other.lead or not (_is_newer(one, other) or _is_newer(other, one)):
        return None
    left, right = cells(one.quote), cells(other.quote)
    if folded(left[0]) != folded(right[0]) or left == right:
        return None
    differ = [(a, b) for a, b in zip(left, right, strict=False) if a and b and a != b]
    return differ[0] if differ else None


def _report_other_years(one: Evidence, other: Evidence) -> bool:
    """Say whether the titles of two sentences' documents name different years, and no versions."""
    titles = [each.found.passage.document_title for each in (one, other)]
    years, others = (frozenset(YEAR.findall(title)) for title in titles)
    return bool(years and others) and years != others and not all(map(_VERSION.search, titles))


def _is_newer(one: Evidence, other: Evidence) -> bool:
    """Say whether a sentence stands in a later year's version of the other's document."""
    titles = [each.found.passage.document_title for each in (one, other)]
    found = [_VERSION.search(title) for title in titles]
    years = [next(filter(None, match.groups()), "") if match else "" for match in found]
    bare, other_bare = (_DIGITS.sub("", title) for title in titles)
    return bool(all(years) and bare == other_bare and years[0] > years[1])


def _slot(one: str, other: str, asked: frozenset[str]) -> tuple[str, str] | None:
    """Return the words in which two sentences differ, if it is only there that they do."""
    left, right = words(one), words(other)
    if min(len(left), len(right)) < _FEWEST:
        return None
    matcher = SequenceMatcher(None, _stems(left), _stems(right), autojunk=False)
    blocks = matcher.get_matching_blocks()
    same = sum(len(word) for block in blocks for word in left[block.a : block.a + block.size])
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    needed = _SAME_BUT_ONE if _differ_in_one_number(changes, left, right) else _SAME
    if same < needed * min(sum(map(len, left)), sum(map(len, right))):
        return None
    for operation, a, b, c, d in changes:
        if operation != "replace" or max(b - a, d - c) > _SLOT:
            continue
        says, other_says = left[a:b], right[c:d]
        if _in_one_form(says) == _in_one_form(other_says):
            continue
        if _is_number(says) != _is_number(other_says):
            continue  # A number, and words without one, do not contradict each other.
        if _is_named(says, asked, right) and _is_named(other_says, asked, left):
            return _joined(says), _joined(other_says)
    return None


def _stems(said: Sequence[str]) -> list[str]:
    return [stem(folded(word)) for word in said]


def _in_one_form(said: Sequence[str]) -> str:
    """Return words as one: 二十六天 as 26天, "1,200 EUR" as "1200eur"."""
    return in_digits(folded("".join(said)))


def _differ_in_one_number(
    changes: Sequence[tuple[str, int, int, int, int]], left: Sequence[str], right: Sequence[str]
) -> bool:
    if len(changes) != 1:
        return False
    _, a, b, c, d = changes[0]
    return all(_holds_number(folded("".join(said))) for said in (left[a:b], right[c:d]))


def _is_number(said: Sequence[str]) -> bool:
    return _holds_number(folded("".join(said)))


def _holds_number(plain: str) -> bool:
    return any(c.isdigit() for c in plain) or bool(number_terms(plain))


def _is_named(said: Sequence[str], asked: frozenset[str], elsewhere: Sequence[str]) -> bool:
    """Say whether words hold a name or a number that neither the question nor the other sentence
    has.
    """
    known = asked | {folded(word) for word in elsewhere}
    return any(_names(word) and folded(word) not in known for word in said)


def _names(word: str) -> bool:
    plain = folded(word)
    if plain in stop_words() or plain in CHINESE_STOP_WORDS:
        return False
    return bool(word[:1].isupper() or any(c.isdigit() for c in word) or CJK.search(word))


def _joined(said: Sequence[str]) -> str:
    return ("" if CJK.search("".join(said)) else " ").join(said)
