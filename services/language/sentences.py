"""Where sentences begin and end, in Chinese and English, as offsets into the text."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

from services.domain.documents import Span
from services.language.normalize import CJK

_CLOSERS = "\"'”’」』）)】]》〉"
_HARD_END = re.compile(
    rf"(?:[。！？…]|[!?](?![\w/=&%#])|[!?](?=[\u4e00-\u9fff]))+[{re.escape(_CLOSERS)}]*|[；;](?=\s|[\u4e00-\u9fff]|$)"
)
_DOT_END = re.compile(rf"(?<!\.)\.+[{re.escape(_CLOSERS)}]*(?:\[\d+\])*(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Mt|Ft|Gen|Col|Sgt|Capt|Lt|Rev|Hon|Gov|Sen|"
    r"Rep|Pres|vs|etc|e\.g|i\.e|cf|al|approx|No|Nos|Vol|vol|pp|p|Fig|fig|Eq|Sec|Art|ca|c|Inc|Ltd|"
    r"Corp|Co|Bros|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|U\.S|U\.K|U\.N|a\.m|p\.m|Ph\.D)$"
)
# A letter that names a thing is no initial, and may end a sentence: in Building B.
_LABELLED = re.compile(
    r"\b(?:annex|appendix|block|building|class|exhibit|figure|gate|grade|group|hall|level|model|"
    r"option|part|plan|room|schedule|section|series|table|team|terminal|tower|type|unit|version|"
    r"vitamin|ward|wing|zone) [A-Z]$",
    re.IGNORECASE,
)
# A command or a line of a program: an option, an assignment, a bracket or stroke at its end.
_CODE = re.compile(
    r"(?:^|\s)--?[a-zA-Z][\w-]*(?:[ =]|$)|\w=[\w\"'$/{(\[]|[{};\\]\s*$|\w\(\w*\):?$|"
    r"^\s*(?:[$>#] |>>> )\S|"
    r"^\s*(?:sudo|curl|git|pip|npm|docker|kubectl|systemctl|export|SELECT|INSERT|UPDATE) \S"
)
_NAMES_VALUE = re.compile(r"^[^:：]{1,30}[:：]\s*\S")
# What begins a line of its own: an item of a list, or the time of a line of a log.
_BEGINS = re.compile(
    r"^\s*(?:[-*•·▪◦‣○●■–—]\s|#{1,6}\s|\(?\d{1,3}[.)、]\s?|[（(]?[一二三四五六七八九十]+[)）、.])|"
    r"^\s*\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|(?:[A-Z][a-z]{2} +\d{1,2} )?\d\d:\d\d:\d\d)"
)
# A line at least this long that stops without a full stop was wrapped, not ended.
_WRAPPED_LINE = 45
_WRAPPED_LINE_CJK = 18
# In narrow running text (a column, a mail) the same of a line that fills so much of its width.
_FILLED = 0.75
_NARROWEST, _FEWEST_LINES = 8, 3
_STOPS = (*"。！？…", *".!?")
_LONGEST = 600


def sentences(text: str) -> list[Span]:
    """Return the sentences of *text* in order, each without surrounding white space.

    A table row and a list item are sentences of their own; a single line break inside running
    text is not an end. No sentence is longer than 600 characters.
    """
    spans: list[Span] = []
    start = 0
    for end in sorted(_ends(text)):
        spans += _pieces(text, start, end)
        start = end
    return spans + _pieces(text, start, len(text))


def _ends(text: str) -> set[int]:
    ends = {match.end() for match in _HARD_END.finditer(text)}
    ends |= {match.end() for match in _DOT_END.finditer(text) if _is_full_stop(text, match)}
    rows = list(_rows(text)) if " | " in text else []
    return {end for end in ends if not _is_within(end, rows)} | _line_ends(text)


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where rows of tables reach: their cells hold sentences, and are none."""
    at = 0
    for line in text.split("\n"):
        if " | " in line:
            yield at, at + len(line.rstrip())
        at += len(line) + 1


def _is_within(end: int, rows: Sequence[tuple[int, int]]) -> bool:
    at = bisect_left(rows, (end, 0)) - 1
    return at >= 0 and rows[at][0] < end < rows[at][1]


def _is_full_stop(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 16) : match.start()]
    after = text[match.end() : match.end() + 3].lstrip(" ")
    if after[:1].islower():
        return False
    if not before[-1:].isdigit() or not _line_start(text, match.start()):
        return not _ABBREVIATION.search(before) or bool(_LABELLED.search(before))
    return False


def _line_start(text: str, end: int) -> bool:
    """Say whether only a short number stands between the line's start and *end* ("12. Item")."""
    line = text[text.rfind("\n", 0, end) + 1 : end]
    return line.strip().isdigit() and len(line.strip()) <= len("123")


def _line_ends(text: str) -> set[int]:
    ends = set()
    position = 0
    for is_blank, group in groupby(text.split("\n"), lambda line: not line.strip()):
        block = list(group)
        narrow = _narrow_length(block)
        for line, following in zip(block, [*block[1:], ""], strict=True):
            position += len(line) + 1
            if is_blank or _ends_here(line, following, narrow):
                ends.add(min(position, len(text)))
    return ends


def _narrow_length(block: Sequence[str]) -> float:
    """Return how long a line of running text in a narrow column must be to go on in the next;
    infinite where the lines of *block* are none.
    """
    width = max(map(len, block))
    full = [len(line) >= _FILLED * width for line in block[:-1]]
    names_values = sum(bool(_NAMES_VALUE.search(line)) for line in block)
    is_running = (
        (len(block) >= _FEWEST_LINES or block[-1][:1].islower())
        and sum(full) * 2 >= len(full) > 0
        and block[-1].rstrip(_CLOSERS + " ").endswith(_STOPS)
        and names_values * 2 < len(block)
        and width >= _NARROWEST
    )
    return _FILLED * width if is_running else math.inf


def _ends_here(line: str, following: str, narrow: float) -> bool:
    if not line.strip() or not following.strip():
        return True
    if "|" in line or "|" in following or "\t" in line:
        return True
    if _CODE.search(line) or any(one.search(following) for one in (_CODE, _BEGINS)):
        return True
    if line.rstrip().endswith((":", "：", "】", "]")) or not any(map(str.isalnum, line)):
        return True
    wrapped = min(narrow, _WRAPPED_LINE_CJK if CJK.search(line) else _WRAPPED_LINE)
    return len(line) < wrapped and not line.rstrip().endswith((",", "，", "、"))


def _pieces(text: str, start: int, end: int) -> list[Span]:
    """Cut one sentence to size and take the white space off its ends."""
    pieces = []
    while end - start > _LONGEST:
        cut = max(text.rfind(mark, start, start + _LONGEST) for mark in (" ", "，", "、", ","))
        cut = cut + 1 if cut > start else start + _LONGEST
        pieces.append((start, cut))
        start = cut
    pieces.append((start, end))
    return [span for span in (_trimmed(text, *piece) for piece in pieces) if span.end > span.start]


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
