"""Numbers, dates and times of a spreadsheet under its cell formats (ECMA-376 part 1, section
18.8.31).
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

_GENERAL = frozenset({"General", "general", "@", ""})
# What stands for itself: quoted, behind a backslash, a currency with its locale.
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].')
# Between parts for positive numbers, negative ones, and zero: not within quotes.
_SECTION_END = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_WITH_ZERO = 2
_CONDITION = re.compile(r"\[[<>=]")
_DIGITS = re.compile(r"[#0?][#0?,.]*")
_KNOWN = re.compile(r"[\s€$£¥￥%()+\-元￦]*")
# Excel keeps so many digits.
_PRECISION = 15


def shown_number(value: float, number_format: str) -> str:
    """Return *value* under a cell's format: percent, decimals, leading zeros, units and currency.

    No digit is left out that the cell holds, also where fewer are shown. Thousands are not set
    apart, and fractions and exponents are written out.
    """
    section, value_shown = _section(value, number_format)
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(next((group for group in match.groups() if group), ""))
        return "\0"

    bare = _LITERAL.sub(keep, section)
    digits = _DIGITS.search(bare)
    before, after = (bare, "") if digits is None else (bare[: digits.start()], bare[digits.end() :])
    said = iter(literals)
    prefix, suffix = (_filled(part, said) for part in (before, after))
    is_known = _KNOWN.fullmatch(f"{before}{after}".replace("\0", "")) is not None
    is_known &= _CONDITION.search(number_format) is None
    if number_format in _GENERAL or not is_known or (digits and digits[0].endswith(",")):
        return _plain(Decimal(repr(value)))
    if digits is None or (value == 0 and not digits[0].strip("?#,") and any(literals)):
        # A word for the number ("Yes"), or a dash for nothing.
        return f"{prefix}{suffix}".strip() or _plain(Decimal(repr(value)))
    scaled = value_shown * (100 if "%" in f"{before}{after}" else 1)
    return f"{prefix}{_in_digits(scaled, digits[0])}{suffix}".strip()


def _section(value: float, number_format: str) -> tuple[str, Decimal]:
    """Return the part of a format for numbers of the value's sign, and what it shows: a part of
    their own shows negative ones without their sign.
    """
    sections = _SECTION_END.split(number_format)
    exact = Decimal(repr(value))
    if value < 0 and len(sections) > 1:
        return sections[1], abs(exact)
    if value == 0 and len(sections) > _WITH_ZERO:
        return sections[2], exact
    return sections[0], exact


def shown_time(value: dt.date | dt.time | dt.timedelta, number_format: str) -> str:
    """Return a date, a time of day or a duration as its format has it, in ISO 8601's order: no day
    where only month and year are shown, seconds where there are any.
    """
    plain = _LITERAL.sub("", number_format).lower()
    if isinstance(value, dt.timedelta):
        return _shown_duration(value, number_format.lower())
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, dt.datetime) and value.time() != dt.time():
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if "y" in plain and "d" not in plain:
        return value.strftime("%Y-%m" if "m" in plain else "%Y")
    return value.strftime("%Y-%m-%d")


def _shown_duration(value: dt.timedelta, number_format: str) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    if number_format.startswith("[m"):
        return f"{minutes}:{seconds:02d}"
    shown = f"{minutes // 60}:{minutes % 60:02d}"
    return f"{shown}:{seconds:02d}" if seconds else shown


def _filled(part: str, literals: Iterator[str]) -> str:
    return re.sub("\0", lambda _: next(literals), part)


def _in_digits(value: Decimal, pattern: str) -> str:
    """Return *value* with as many digits as *pattern* asks for at least."""
    least, _, least_decimals = pattern.replace(",", "").partition(".")
    sign = "-" if value < 0 else ""
    whole, _, decimals = _plain(abs(value)).partition(".")
    whole = whole.zfill(least.count("0"))
    decimals = decimals.ljust(least_decimals.count("0"), "0")
    return f"{sign}{whole}{'.' if decimals else ''}{decimals}"


def _plain(value: Decimal) -> str:
    """Return a number with its digits, and no exponent."""
    shown = f"{round(value, _PRECISION - max(0, value.adjusted() + 1)):f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
