"""Ranges of amounts that rows are about (满10年不满20年, 2,000元至1万元, up to 5 kg), and whether
an amount of a question falls into them.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.language.normalize import folded
from services.language.numerals import in_digits

_UNITS = {
    "分": "分钟",
    "min": "分钟",
    "minute": "分钟",
    "h": "小时",
    "hour": "小时",
    "个小时": "小时",
    "day": "天",
    "日": "天",
    "week": "周",
    "month": "月",
    "个月": "月",
    "year": "年",
    "周年": "年",
    "块": "元",
    "人民币": "元",
    "rmb": "元",
    "yuan": "元",
    "cny": "元",
    "¥": "元",
    "eur": "€",
    "euro": "€",
    "usd": "$",
    "dollar": "$",
    "kilogram": "kg",
    "公斤": "kg",
    "千克": "kg",
    "周岁": "岁",
}
_UNIT = (
    r"(分钟|分(?!之)|个?小时|天|日(?!元)|个月|周年?|年(?!级|代|度|假|终|底|初)|周?岁|元|块|人(?!民)|名|件|公斤|千克|kg|吨|米|"
    r"minutes?|min|hours?|h|days?|weeks?|months?|years?|euros?|eur|€|usd|dollars?|\$|rmb|cny|yuan|¥|kilograms?|%|dn(?![a-z]))"
)
# The unit that a column's name tells of all that stands under it: 金额（万元）, "Order value, USD".
_OF_COLUMN = re.compile(
    rf"[(（\[] ?(?:单位[:：] ?)?((?:万|千)?{_UNIT}) ?[)）\]]\s*$|[,，/] ?((?:万|千)?{_UNIT})\s*$",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"\d[\d,，]*(?:\.\d+)?")
# $60k, 60k dollars.
_THOUSANDS = re.compile(
    r"(?<![\w.])((?:[$€¥]|(?:usd|eur|rmb|cny)\b) ?)?(\d{1,6}(?:\.\d{1,2})?) ?k\b"
    r"( ?(?:dollars?|euros?|usd|eur|rmb|cny|yuan)\b)?",
    re.IGNORECASE,
)
# Money named before its amount.
_MONEY_FIRST = re.compile(
    r"(?<![a-z])(rmb|cny|usd|eur|\$|€|¥) ?(\d[\d,]*(?:\.\d+)?)"
    r"(?: ?([–—~-]) ?(\d[\d,]*(?:\.\d+)?)(?![\d%]))?",
    re.IGNORECASE,
)
_NUMBER = r"(?<![\d.])(\d{1,12}(?:\.\d{1,4})?)"
_SCALED = re.compile(r"(?<!\d)(\d{1,12}(?:\.\d{1,4})?)(万|千)(?=元|块)")
# 30万 of nothing is money.
_BARE_SCALED = re.compile(r"(?<=[\d一二两三四五六七八九十百千])万(?=[的呢以,，。、?？!！\s]|$)")
_BETWEEN = re.compile(
    rf"{_NUMBER} ?{_UNIT}? ?(?:至|到|—|–|-|~|～|to|and) ?{_NUMBER} ?{_UNIT}", re.IGNORECASE
)
_FULL = re.compile(
    rf"满? ?{_NUMBER} ?{_UNIT} ?(?:以上)?[,，]?(?:但)?不(?:满|足) ?{_NUMBER} ?{_UNIT}"
)
_ABOVE = re.compile(
    rf"(?:满|超过|高于|大于|不少于|至少|over|more than|above|at least|from)? ?{_NUMBER} ?{_UNIT} ?"
    r"(?:及?以上|或以上|or more|and more|(?:and|or) (?:above|over))|"
    rf"(?:满|超过|高于|大于|不少于|至少|over|more than|above|at least|>=?|≥) ?{_NUMBER} ?{_UNIT}",
    re.IGNORECASE,
)
_BELOW = re.compile(
    rf"{_NUMBER} ?{_UNIT} ?(?:及?以[下内]|or less|or fewer|and below)|"
    rf"(?:不满|不足|低于|小于|不超过|up to|less than|below|under|at most|<=?|≤) ?"
    rf"{_NUMBER} ?{_UNIT}",
    re.IGNORECASE,
)
_OPEN_BELOW = re.compile(r"不满|不足|低于|小于|less than|below|under|<(?!=)", re.IGNORECASE)
_OPEN_ABOVE = re.compile(
    r"超过|高于|大于|(?<!and )(?<!or )(?:over|more than|above)|>(?!=)", re.IGNORECASE
)
_AMOUNT = re.compile(rf"{_NUMBER}[ -]?(?:多)?{_UNIT}", re.IGNORECASE)
# Amounts of the one are so many of the other.
_FINER = {"小时": ("分钟", 60), "周": ("天", 7), "年": ("月", 12)}
# Sizes of pipes: DN250~DN450.
_NOMINAL = re.compile(r"(?<![a-z])dn ?(\d{1,4})(?!\d)", re.IGNORECASE)
# Years and days of the calendar are no amounts.
_CALENDAR = re.compile(
    r"(?<!\d)(?:19|20)\d\d ?年(?: ?\d{1,2} ?月)?(?: ?\d{1,2} ?[日号])?|\d{1,2} ?月 ?\d{1,2} ?[日号]"
)
# "Over 24 hours" is a little more than 24.
_BEFORE, _A_LITTLE = 10, 1e-6
_PLURAL = re.compile(r"(?<=[a-z]{3})s$")


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where amounts of a unit reach, the ends within it unless they are open."""

    unit: str
    least: float = -math.inf
    most: float = math.inf
    opens: bool = False
    ends: bool = False

    def holds(self, amount: float) -> bool:
        """Say whether *amount* falls into it."""
        above = amount > self.least if self.opens else amount >= self.least
        below = amount < self.most if self.ends else amount <= self.most
        return above and below

    def holds_any(self, asked: Mapping[str, float]) -> bool:
        """Say whether the amount of its unit among those *asked* about falls into it."""
        return self.unit in asked and self.holds(asked[self.unit])


def amounts(text: str) -> dict[str, float]:
    """Return the amount of each unit that *text* names once: 12年 as 144 of 月."""
    found: dict[str, list[float]] = {}
    plain = _plain(text)
    for match in _AMOUNT.finditer(plain):
        unit, value = _finest(match[2], match[1])
        before = plain[max(0, match.start() - _BEFORE) : match.start()]
        beyond = bool(_OPEN_ABOVE.search(before)) - bool(_OPEN_BELOW.search(before))
        found.setdefault(unit, []).append(value + beyond * _A_LITTLE)
    return {unit: values[0] for unit, values in found.items() if len(values) == 1}


def without_amounts(text: str, units: Collection[str]) -> str:
    """Return *text*, folded, its numbers as digits, without its amounts of these *units*."""
    return _AMOUNT.sub(
        lambda match: " " if _finest(match[2], match[1])[0] in units else match[0], _plain(text)
    )


def range_of(text: str) -> Range | None:
    """Return the range that *text* begins its say with; None if it names none."""
    plain = _plain(text)
    for pattern in (_FULL, _BETWEEN):
        if match := pattern.search(plain):
            first, own, last, unit = match.groups()
            (other, least), (name, most) = _finest(own or unit, first), _finest(unit, last)
            if other == name and least < most:
                opens = _OPEN_ABOVE.search(plain[: match.start()][-2:]) is not None
                return Range(name, least, most, opens=opens, ends=pattern is _FULL)
    if match := _BELOW.search(plain):
        number, unit = (part for part in match.groups() if part is not None)
        name, most = _finest(unit, number)
        return Range(name, most=most, ends=_OPEN_BELOW.search(match[0]) is not None)
    if match := _ABOVE.search(plain):
        number, unit = (part for part in match.groups() if part is not None)
        name, least = _finest(unit, number)
        return Range(name, least=least, opens=_OPEN_ABOVE.search(match[0]) is not None)
    return None


def exactly(text: str) -> Range | None:
    """Return the one amount that *text* is, as a range: DN150."""
    match = _AMOUNT.fullmatch(_plain(text).strip())
    if match is None:
        return None
    unit, value = _finest(match[2], match[1])
    return Range(unit, value, value)


def in_unit_of(cell: str, column: str) -> str:
    """Return a cell with the unit behind its numbers that the name of its *column* tells, if it
    names none itself: 3,001–20,000 under 金额（元）.
    """
    named = _OF_COLUMN.search(column)
    if named is None or _AMOUNT.search(_plain(cell)):
        return cell
    unit = named[1] or named[3]
    return _BARE_NUMBER.sub(lambda number: f"{number[0]}{unit}", cell)


def is_within(asked: Mapping[str, float], text: str) -> bool:
    """Say whether *text* names a range that one of the amounts *asked* about falls into."""
    reach = range_of(text) if asked else None
    return reach is not None and reach.holds_any(asked)


def _finest(unit: str, number: str) -> tuple[str, float]:
    """Return an amount in the finest unit of its kind: 2小时 as 120 of 分钟."""
    name = _unit(unit)
    finer, times = _FINER.get(name, (name, 1))
    return finer, float(number) * times


def _plain(text: str) -> str:
    """Return *text* folded, its numbers as digits: 半小时 is 30 minutes."""
    plain = _MONEY_FIRST.sub(_money_behind, _THOUSANDS.sub(_written_out, folded(text)))
    plain = _CALENDAR.sub(" ", re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", plain))
    plain = plain.replace("半个小时", "30分钟").replace("半小时", "30分钟").replace("半年", "6个月")
    plain = _NOMINAL.sub(r"\1 dn", in_digits(_BARE_SCALED.sub("万元", plain)))
    return _SCALED.sub(
        lambda match: f"{float(match[1]) * (10_000 if match[2] == '万' else 1000):.0f}", plain
    )


def _written_out(match: re.Match[str]) -> str:
    """Return thousands of money in digits; other thousands (10k steps) as they stand."""
    before, number, behind = match.groups()
    if before is None and behind is None:
        return match[0]
    return f"{before or ''}{float(number) * 1000:.0f}{behind or ''}"


def _money_behind(match: re.Match[str]) -> str:
    """Return an amount of money, or from where to where it reaches, with its name behind."""
    name, first, to, last = match.groups()
    return f"{first}{name}" if last is None else f"{first}{name}{to}{last}{name}"


def _unit(said: str) -> str:
    plain = _PLURAL.sub("", said.lower())
    return _UNITS.get(plain, plain)
