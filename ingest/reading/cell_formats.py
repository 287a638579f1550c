"""Numbers of a spreadsheet under its cell formats (ECMA-376 part 1, section 18.8.31)."""

import re
from collections.abc import Iterator
from decimal import Decimal

_GENERAL = frozenset({"General", "general", "@", ""})
# What stands for itself: quoted, behind a backslash, a currency with its locale.
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].')
_DIGITS = re.compile(r"[#0?][#0?,.]*")
_KNOWN = re.compile(r"[\s€$£¥￥%()+\-元￦]*")
# Excel keeps so many digits.
_PRECISION = 15


def shown_number(value: float, number_format: str) -> str:
    """Return *value* under a cell's format: percent, decimals, leading zeros, units and currency.

    No digit is left out that the cell holds, also where fewer are shown. Thousands are not set
    apart, and fractions and exponents are written out.
    """
    section = number_format.split(";", maxsplit=1)[0]
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(next((group for group in match.groups() if group), ""))
        return "\0"

    bare = _LITERAL.sub(keep, section)
    digits = _DIGITS.search(bare)
    if number_format in _GENERAL or digits is None or digits[0].endswith(","):
        return _plain(Decimal(repr(value)))
    before, after = bare[: digits.start()], bare[digits.end() :]
    if not _KNOWN.fullmatch(f"{before}{after}".replace("\0", "")):
        return _plain(Decimal(repr(value)))
    scaled = Decimal(repr(value)) * (100 if "%" in f"{before}{after}" else 1)
    said = iter(literals)
    prefix, suffix = (_filled(part, said) for part in (before, after))
    return f"{prefix}{_in_digits(scaled, digits[0])}{suffix}".strip()


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
