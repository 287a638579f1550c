"""Codes, years and numbered things that a question names: E101, HC-300, 2023年, 第八条, week 4."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from services.language.normalize import folded
from services.language.numerals import numeral

_NUMERAL = "[零〇一二两三四五六七八九十百]+"
# Letters, then at least two digits, perhaps letters behind: E101, HC-300, HC-200L. FY22 is a year.
_CODE = re.compile(
    r"(?<![a-z0-9.])(?!(?:fy|cy)\d)(?:([a-z]{1,4})[-–·]?(?=\d\d)|([a-z]{2,4})-)"
    r"(\d{1,6})([a-z]{0,2})(?![a-z0-9])"
)
# 5.3.2, v5.3, version 5.3: two numbers alone may be any amount, and a day has four digits.
_VERSION = re.compile(
    r"(?<![\d.])(?:(?:\bv|\bversions? |\breleases? |版本 ?)(\d{1,3}\.\d{1,3})|"
    r"(\d{1,3}(?:\.\d{1,3}){2}))(?![\d.]*\d)"
)
_STATUS = re.compile(r"\bhttps?(?: status| code| error)* (\d{3})(?!\d)")
# By their capitals: Er3, and a product's name with its number (GlucoTrack 2).
_CASED = re.compile(
    r"(?<![A-Za-z0-9.])([A-Z][a-z]{1,3})(\d)(?![A-Za-z0-9])|"
    r"(?<![A-Za-z])([A-Z][a-z]+[A-Z][A-Za-z]+) (\d{1,3})(?![\d.,:/%-]*\d)"
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d) ?年(?!级|代)")
_ORDINAL = re.compile(
    rf"(?<![\d零〇一二两三四五六七八九十百])(\d{{1,3}}|{_NUMERAL})"
    r"(条|章|季度|期|级|类|档|楼|车间|号线|号库|号楼|号车间|号机|号门|年级)"
)
# Before what is no ordinal: 一期间, 三类似.
_NO_KIND = re.compile(r"^(?:间|似|别|待|望|件|子|的是)")
_ENGLISH = re.compile(
    r"\b(level|class|grade|category|stage|phase|article|section|chapter|clause|line|tier|week|step|"
    r"quarter|zone|building|floor|lot|group|team|unit|gate|shift|year|option|annex|appendix)s? "
    r"(?:no\.? ?)?"
    r"(\d{1,4}(?:\.\d{1,3})*)(?![\d%])"
)
# Branches by the place before them, and holidays.
_BRANCH = re.compile(r"([\u4e00-\u9fff]{2})(分公司|分行|支行|办事处|分校|分院|门店)")
_NO_PLACE = frozenset("的各某该本其哪些个家有和与及或在由向是")
_HOLIDAY = re.compile(r"(春节|元旦|清明|端午|劳动节|五一|中秋|国庆|圣诞|复活节|除夕|元宵|重阳)")
_QUARTER = re.compile(r"(?<![a-z0-9])q([1-4])(?![a-z0-9])")
# What holds for more than the number that it names: 三级及以上, 2019年以来, levels 2 to 4.
_REACHES_ON = re.compile(
    r"(?:及?以|及其?)[上下内来后前]|(?:(?:年|月|日)?末?)?(?:起|至|到|[-–—~～、])|"
    r" (?:to|and|or|through|onwards?|or higher|or above)\b"
)
_REACHED = re.compile(r"(?:自|从|至|到|[-–—~～、]|\b(?:from|since|until|to|and|or|through)) ?$")
_AROUND = 8
# Sentences of one passage stand under the same headings, and are asked about several times.
_KEPT, _LONGEST_KEPT = 2048, 1000
_SAME_DAY = {"五一": "劳动节"}
_SCALES = {"号车间": "车间", "号机": "机"}

Identifier: TypeAlias = tuple[str, str]
_Named: TypeAlias = tuple[tuple[Identifier, tuple[str, str]], ...]


def identifiers(text: str) -> frozenset[Identifier]:
    """Return what *text* names by a code or number, each with its kind: codes of the same letters
    and as many digits are of one kind, years, and numbers of the same things.
    """
    return frozenset(one for one, _ in _found(text))


def without(text: str, kinds: frozenset[str]) -> str:
    """Return *text*, folded, without what it names of these *kinds*."""
    plain = folded(text)
    for (kind, _), span in reversed([(one, span) for one, span, _ in _matches(plain)]):
        if kind in kinds:
            plain = f"{plain[: span[0]]} {plain[span[1] :]}"
    return plain


def is_of_others(asked: frozenset[Identifier], levels: Sequence[str]) -> bool:
    """Say whether what is *asked* about is one thing, and *levels*, a sentence and what it stands
    under from the nearest on, name others of its kind: the nearest that names any decides.
    """
    return any(_names_others(kind, values, levels) for kind, values in _by_kind(asked))


def is_of_asked(asked: frozenset[Identifier], levels: Sequence[str]) -> bool:
    """Say whether the nearest of *levels* that names anything of a kind names what is *asked*."""
    return any(
        (near := _nearest(kind, levels)) is not None and bool(values & near[0])
        for kind, values in _by_kind(asked)
    )


def _by_kind(asked: Iterable[Identifier]) -> list[tuple[str, frozenset[str]]]:
    kinds = {kind for kind, _ in asked}
    return [
        (kind, frozenset(value for one, value in asked if one == kind)) for kind in sorted(kinds)
    ]


def _names_others(kind: str, values: frozenset[str], levels: Sequence[str]) -> bool:
    near = _nearest(kind, levels)
    if near is None:
        return False
    held, reaches = near
    if values & held or reaches:
        return False
    # What names another code in a document of the asked one refers to it.
    is_code = kind[-1:].isdigit()
    return not (is_code and any((kind, one) in identifiers("\n".join(levels)) for one in values))


def _nearest(kind: str, levels: Sequence[str]) -> tuple[frozenset[str], bool] | None:
    """Return what the nearest level names of a *kind*, and whether it may mean more than that."""
    for level in levels:
        found = [(value, around) for (own, value), around in _found(level) if own == kind]
        if found:
            values = frozenset(value for value, _ in found)
            return values, any(_reaches(*around) for _, around in found)
    return None


def _reaches(before: str, behind: str) -> bool:
    """Say whether what stands around a number makes more of it: from 2019 on, level 3 and above."""
    return bool(_REACHED.search(before) or _REACHES_ON.match(behind))


def _found(text: str) -> _Named:
    """Return what a text names, with what stands before and behind it; a code stands alone."""
    return _kept(text) if len(text) <= _LONGEST_KEPT else _named(text)


@lru_cache(_KEPT)
def _kept(text: str) -> _Named:
    return _named(text)


def _named(text: str) -> _Named:
    plain = folded(text)
    cased = (
        (((match[1] or match[3]).lower(), match[2] or match[4]), ("", ""))
        for match in _CASED.finditer(text)
    )
    return (*_by_place(plain), *cased)


def _by_place(plain: str) -> _Named:
    return tuple(
        (
            one,
            ("", "")
            if is_code
            else (plain[max(0, start - _AROUND) : start], plain[end : end + _AROUND]),
        )
        for one, (start, end), is_code in _matches(plain)
    )


def _matches(plain: str) -> list[tuple[Identifier, tuple[int, int], bool]]:
    """Return what a folded text names by its place, and whether it is a code."""
    codes = [
        ((f"{match[1] or match[2]}{len(match[3])}", match[3] + match[4]), match.span(), True)
        for match in _CODE.finditer(plain)
    ]
    codes += [
        ((match[2], match[1]), match.span(), True)
        for match in _BRANCH.finditer(plain)
        if not _NO_PLACE.intersection(match[1])
    ]
    codes += [
        (("节", _SAME_DAY.get(match[1], match[1])), match.span(), True)
        for match in _HOLIDAY.finditer(plain)
    ]
    codes += [(("http", match[1]), match.span(), True) for match in _STATUS.finditer(plain)]
    others = [(("年", match[1]), match.span(), False) for match in _YEAR.finditer(plain)]
    others += [
        (("version", match[1] or match[2]), match.span(), False)
        for match in _VERSION.finditer(plain)
    ]
    for match in _ORDINAL.finditer(plain):
        number = match[1] if match[1].isdigit() else numeral(match[1])
        if number and not _NO_KIND.match(plain[match.end() :]):
            kind = _SCALES.get(match[2], match[2])
            others.append(((kind, str(int(number))), match.span(), False))
    others += [((match[1], match[2]), match.span(), False) for match in _ENGLISH.finditer(plain)]
    others += [(("季度", match[1]), match.span(), False) for match in _QUARTER.finditer(plain)]
    return sorted([*codes, *others], key=lambda one: one[1])
