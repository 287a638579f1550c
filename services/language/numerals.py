"""Numbers and dates in one form, however they are written."""

import re
from collections.abc import Iterator

_DIGIT = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_GROUP = {"万": 10_000, "亿": 100_000_000}
_CHINESE = re.compile(
    r"[零〇一二两三四五六七八九十百千万亿]{2,}|[二三四五六七八九十](?=[年月日号个])"
)
_SCALED = re.compile(
    r"(?<!\d)(\d{1,30}(?:\.\d{1,30})?) ?(万亿|万|亿|thousand|million|billion|trillion)"
)
_SCALE = {
    "万": 10**4,
    "亿": 10**8,
    "万亿": 10**12,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
# A numeral is no longer; Python reads none of thousands of digits.
_LONGEST = 30
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - likewise
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = (
    re.compile(r"(?P<y>\d{4}) ?年 ?(?P<m>\d{1,2}) ?月(?: ?(?P<d>\d{1,2}) ?[日号])?"),
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d\d)(?:-(?P<d>\d\d))?\b"),
    re.compile(rf"\b(?P<name>{_MONTH}) (?:(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? )?(?P<y>\d{{4}})\b"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?P<name>{_MONTH}),? (?P<y>\d{{4}})\b"),
)
_WORDS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty
""".split()  # noqa: SIM905 - a text is easier to read
_ENGLISH = {word: str(n) for n, word in enumerate(_WORDS, 2)} | {
    f"{word}ty": str(n * 10)
    for n, word in ((3, "thir"), (4, "for"), (5, "fif"), (6, "six"), (7, "seven"), (8, "eigh"))
}
_ENGLISH |= {"ninety": "90"}
_ENGLISH_WORD = re.compile(rf"\b(?:{'|'.join(_ENGLISH)})\b")


def number_terms(plain: str) -> list[str]:
    """Return the numbers and dates of a folded text that are not written as plain digits there:
    一九九八 and 三万 as 1998 and 30000, "1.5 million" as 1500000, "seven" as 7; dates of any
    form as 2022-03-05 and 2022-03.
    """
    digits = _CHINESE.sub(lambda match: numeral(match[0]) or match[0], plain)
    found = [value for match in _CHINESE.finditer(plain) if (value := numeral(match[0]))]
    found += [_ENGLISH[match[0]] for match in _ENGLISH_WORD.finditer(plain)]
    found += [_scaled(match[1], match[2]) for match in _SCALED.finditer(digits)]
    return [*found, *dict.fromkeys(_dates(digits))]


def in_digits(plain: str) -> str:
    """Return a folded text with its numbers as digits: 二十六天 as 26天, "two" as 2."""
    digits = _CHINESE.sub(lambda match: numeral(match[0]) or match[0], plain)
    digits = _ENGLISH_WORD.sub(lambda match: _ENGLISH[match[0]], digits)
    return _SCALED.sub(lambda match: _scaled(match[1], match[2]), digits)


def _dates(plain: str) -> Iterator[str]:
    for pattern in _DATES:
        for match in pattern.finditer(plain):
            parts = match.groupdict()
            name = parts.get("name")
            month = _MONTHS.index(name[:3]) + 1 if name else int(parts["m"])
            yield f"{parts['y']}-{month:02d}"
            if parts["d"]:
                yield f"{parts['y']}-{month:02d}-{int(parts['d']):02d}"


def _scaled(number: str, scale: str) -> str:
    value = float(number) * _SCALE[scale]
    return str(round(value))


def numeral(said: str) -> str:
    """Return a Chinese numeral in digits; empty where it is none (万一, 千万)."""
    if len(said) > _LONGEST:
        return ""
    if all(letter in _DIGIT for letter in said):
        # Digit after digit, as years and numbers are read out; 一一 and 三五 are no numbers.
        return "" if len(said) == len("三五") else "".join(str(_DIGIT[c]) for c in said)
    if said[0] in _GROUP or said[0] in "百千":
        return ""
    total = section = digit = 0
    for letter in said:
        if letter in _DIGIT:
            digit = _DIGIT[letter]
        elif letter in _UNIT:
            section += (digit or 1) * _UNIT[letter]
            digit = 0
        else:
            total = (total + section + digit) * _GROUP[letter]
            section = digit = 0
    return str(total + section + digit)
