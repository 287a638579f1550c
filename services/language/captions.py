"""Lines that name the table under them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.domain.documents import Span
from services.language.normalize import CJK
from services.language.table_rows import is_row

# 表 4-2 …, Table 3: …
_NUMBERED = re.compile(
    r"(?:(?:附?表|Table|Tab\.)\s*[A-Z]?[\d一二三四五六七八九十]+(?:[-–.][\d]+)*\s*[:：.、]?\s*)",
    re.IGNORECASE,
)
_NAME, _NAME_CJK = 80, 40
_LONGEST = 200
STOPS = (".", "!", "?", "。", "！", "？", "；", ";")
# A label with its value (单位：万元, 甲方代表：王芳) says something itself.
LABELLED = re.compile(r"[:：]\s*\S")
# 2. 审批权限, 一、班次, 4.1 Basic rent: what it is called stands behind.
_SECTION = re.compile(
    r"^(?:\d{1,3}(?:\.\d{1,3})*\.\s+|\d{1,3}(?:\.\d{1,3})+\s+(?!小时|[天年月日元米个人])|"
    r"\d{1,3}、(?!\d)\s*|[(（]?[一二三四五六七八九十]{1,3}[)）、]\s*)"
)
BULLET = re.compile(r"^(?:[-*•·▪◦‣○●■–—]|#{1,6})\s+")


@dataclass(frozen=True, slots=True)
class Caption:
    """What names a table: its line, and its words without the table's number; `until` where the
    table ends. It is *bare* where it says no more than what the table holds.
    """

    line: Span
    name: str
    until: int
    is_bare: bool


def captions(text: str) -> Iterator[Caption]:
    """Yield the captions of the tables in *text*: a line of its own right above a table, numbered
    as one (表 4-2, Table 3) or short and no sentence.
    """
    above: Span | None = None
    for start, end in _blocks(text):
        lines = text[start:end].split("\n")
        first = next((i for i, line in enumerate(lines) if is_row(line)), None)
        if first is None:
            above = Span(end - len(lines[-1]), end)
            continue
        if first:
            row = start + sum(len(line) + 1 for line in lines[:first])
            above = Span(row - len(lines[first - 1]) - 1, row - 1)
        found = _caption(text, above, end) if above is not None else None
        if found is not None:
            yield found
        above = None


def numbered_above(text: str, place: int) -> str | None:
    """Return what the line right above *place*, where a table begins, calls it, if it is numbered
    as one: it holds for the rest of a long table, too.
    """
    first = max(0, place - _LONGEST)
    end = first + len(text[first:place].rstrip("\n"))
    said = text[text.rfind("\n", first, end) + 1 : end].strip()
    numbered = _NUMBERED.match(said)
    return (said[numbered.end() :].rstrip(" :：") or None) if numbered else None


def begins_at(text: str, place: int) -> int:
    """Return where the line right above *place*, where a table begins, does, if it names that or
    leads into it (费用如下：); else *place*.
    """
    first = max(0, place - _LONGEST)
    above = text[first:place].rstrip("\n")
    line = above.rpartition("\n")[2]
    start = first + len(above) - len(line)
    said = BULLET.sub("", line.strip())
    leads = said.endswith((":", "：")) or _NUMBERED.match(said) is not None or _names(said)
    return start if said and leads and (start > first or not first) else place


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield what stands between blank lines."""
    for match in re.finditer(r"[^\n]+(?:\n[^\n]+)*", text):
        yield match.span()


def _caption(text: str, line: Span, until: int) -> Caption | None:
    said = BULLET.sub("", text[line.start : line.end].strip())
    numbered = _NUMBERED.match(said)
    if numbered is None and not _names(said):
        return None
    name = (said[numbered.end() :] if numbered else _SECTION.sub("", said)).rstrip(" :：")
    if not name or len(name) > _LONGEST:
        return None
    return Caption(line, name, until, is_bare=not any(map(str.isdigit, name)))


def _names(said: str) -> bool:
    """Say whether a line is short, and neither a sentence nor a label with its value."""
    short = len(said) <= (_NAME_CJK if CJK.search(said) else _NAME)
    return short and not said.endswith(STOPS) and LABELLED.search(said) is None
