"""What the sentences of a passage stand under: the heading or the question before them, and lists
with the sentence that leads into them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.domain.documents import Span
from services.language.captions import BULLET, LABELLED, STOPS, Caption, captions
from services.language.normalize import CJK, on_one_line
from services.language.sentences import sentences

# Shorter sentences are headings, numbers of lists, ends of lines: they answer nothing.
_SHORTEST = 4
_HEADING, _HEADING_CJK = 24, 10
# A line of its own between paragraphs may be longer, and still name what follows.
_NAME, _NAME_CJK = 60, 25
_CHINESE_NUMERAL = "[一二三四五六七八九十]"
# No number that a sentence begins with: 1.5 小时, 3、4号楼, 三、四楼.
_NUMBER = re.compile(
    rf"^(?:[(（](?:\d{{1,3}}|[a-z]|{_CHINESE_NUMERAL}{{1,3}})[)）]\s*|(?:\d{{1,3}}|[a-z])[.)]\s+|"
    rf"\d{{1,3}}、(?!\d)\s*|{_CHINESE_NUMERAL}{{1,3}}、(?!{_CHINESE_NUMERAL})\s*)"
)
_SECTION = re.compile(r"^\d{1,3}(?:\.\d{1,3})*\.?\s+")
_ITEM = re.compile(
    rf"^[(（]?(\d{{1,2}}|{_CHINESE_NUMERAL}{{1,3}})"
    rf"(?:[)）]|[.、](?!\d|{_CHINESE_NUMERAL})|\s+(?=[A-Z\u4e00-\u9fff]))"
)
# No item of a list: that has a dot behind its number.
_CHAPTER = re.compile(r"^\d{1,2}(?:\.\d{1,2})*\s+(?=\S)")
# A thing's name says nothing of it: HC-300项目进展.
_CODE = re.compile(r"[A-Za-z]{1,5}[-–]?\d{1,5}[A-Za-z]?")
_DATED = re.compile(r"\d{4}|\d{1,2}[:：]\d\d")
_LIST_MARK = re.compile(rf"(?:{BULLET.pattern}|{_NUMBER.pattern})")
# Not one that is quoted: the question is “Why?”.
_QUESTION = re.compile(r"[?？]\s*[)）]?$")
_ANSWERS = re.compile(r"^(?:答|回答|A|Answer)\s?[:：]\s*")
_LEADS = (":", "：")
_DAY = re.compile(r"\d{4} ?(?:年|[-./]) ?\d{1,2} ?(?:月|[-./]) ?\d{1,2} ?日?")
_FIRM = re.compile(
    r"(?:公司|集团|部|科|室|处|中心|委员会|办公室|小组)$|\b(?:Ltd|Inc|GmbH|AG|LLC|Department|Team|Office)\b\.?$"
)
# A running head or foot.
_PAGED = re.compile(
    r"(?:\bpage \d{1,4} of \d{1,4}|第 ?\d{1,4} ?页[，,]? ?共 ?\d{1,4} ?页)$", re.IGNORECASE
)
# Together no longer than a footnote's quote may be.
_LONGEST_LIST = 600
# So many sentences behind a question answer it.
_ANSWERED = 6


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence that could answer, or a list with its lead, and what it stands under, if that
    stands in the passage itself.
    """

    span: Span
    lead: str | None = None


def units(
    text: str, above: Sequence[str], is_no_sentence: Callable[[Span], bool]
) -> Iterator[Unit]:
    """Yield what could answer in a passage: no headings and captions, which only name what follows,
    and no questions. *above* stands above the passage: titles, and last the lead of a list that
    goes on. A row of a table stands under its caption.
    """
    named = list(captions(text))
    for unit in _stated(text, above, is_no_sentence):
        caption = _caption_over(named, unit.span)
        if caption is None:
            yield unit
        elif unit.span.start >= caption.line.end:
            yield replace(unit, lead=caption.name)
        elif not caption.is_bare and unit.span.end == caption.line.end:
            start = max(unit.span.start, text.index(caption.name, caption.line.start))
            yield replace(unit, span=Span(start, unit.span.end))


def _caption_over(named: Sequence[Caption], span: Span) -> Caption | None:
    """Return the caption in whose line or table *span* begins."""
    return next((one for one in named if one.line.start <= span.start < one.until), None)


def _stated(
    text: str, above: Sequence[str], is_no_sentence: Callable[[Span], bool]
) -> Iterator[Unit]:
    """Yield what could answer, with the heading or question it stands under."""
    last = next(iter(above[-1:]), "")
    lead, left = (last, _ANSWERED) if leads_on(last) else (None, 0)
    for span in _with_items(text, [one for one in sentences(text) if not is_no_sentence(one)]):
        said = text[span.start : span.end]
        bare = _LIST_MARK.sub("", said)
        first, _, items = said.partition("\n")
        is_list = bool(items) and leads_on(first)
        is_answer = left == _ANSWERED and lead is not None and asks(lead)
        if asks(first if is_list else said):
            lead, left = bare, _ANSWERED
        elif bare in above:
            lead = None
        elif not is_list and not is_answer and (leads_on(said) or _looks_like_heading(said)):
            if _is_alone(text, span) and _is_name(bare):
                lead, left = bare, len(text)
        elif not _closes(text, span) and (len(said) >= _SHORTEST or is_answer):
            yield Unit(span, lead if left > 0 else None)
            left -= 1
            if _names_what_follows(text, span):
                lead, left = bare, len(text)


def leads_on(text: str) -> bool:
    """Say whether a sentence leads into what follows it, and says nothing without."""
    return text.rstrip().endswith(_LEADS)


def asks(text: str) -> bool:
    """Say whether a sentence is a question: it answers none."""
    return _QUESTION.search(text) is not None


def number_of_item(text: str) -> int | None:
    """Return the number that an item of a list begins with: 3 of "3. Close the lid"."""
    found = _ITEM.match(text)
    return None if found is None else _numeral(found[1])


def _numeral(text: str) -> int:
    """Return a number up to 99 in digits or Chinese numerals."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    digits = "〇一二三四五六七八九"
    return (digits.find(tens or "一") * 10 if ten else 0) + (digits.find(ones) if ones else 0)


def as_said(text: str) -> str:
    """Return a sentence on one line, without a list mark; a list as one sentence."""
    first, *items = [line.strip() for line in text.split("\n") if line.strip()] or [""]
    if not items or not any(_LIST_MARK.match(item) for item in items):
        return _ANSWERS.sub("", _LIST_MARK.sub("", on_one_line(text)))
    stop, end = ("；", "。") if CJK.search(text) else ("; ", ".")
    told = stop.join(BULLET.sub("", item).rstrip(" ;；,，.。") for item in items)
    between = "" if first.endswith("：") else " "
    return f"{_LIST_MARK.sub('', first)}{between}{told}{end}"


def _with_items(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield sentences, those that lead into a list with its items, as far as a quote may reach."""
    at = 0
    while at < len(spans):
        start, end = spans[at].start, spans[at].end
        if leads_on(text[start:end]):
            while at + 1 < len(spans) and _is_item(text, spans[at + 1]):
                if spans[at + 1].end - start > _LONGEST_LIST:
                    break
                at += 1
                end = spans[at].end
        yield Span(start, end)
        at += 1


def _is_item(text: str, span: Span) -> bool:
    """Say whether a sentence begins a line with a list mark, or goes on within an item's line."""
    line = text[text.rfind("\n", 0, span.start) + 1 : span.end].lstrip()
    return _LIST_MARK.match(line) is not None


def _looks_like_heading(text: str) -> bool:
    """Say whether a line is too short to state anything and ends like no sentence."""
    plain = _CODE.sub("", _CHAPTER.sub("", text))
    short = len(plain) <= (_HEADING_CJK if CJK.search(plain) else _HEADING)
    if _PAGED.search(text):
        return True
    # A row with one short cell names others.
    cells = [cell for cell in plain.split("|") if cell.strip()]
    if "|" in plain and (len(cells) > 1 or any(map(str.isdigit, plain))):
        return False
    is_said = LABELLED.search(plain) or any(map(str.isdigit, plain))
    return short and (text[-1].isalnum() or "|" in plain) and not is_said


def _is_alone(text: str, span: Span) -> bool:
    """Say whether a sentence is a paragraph of its own, and no item of a list, with more behind."""
    before, behind = text[: span.start], text[span.end :]
    begins = not before or before.endswith("\n\n")
    return begins and behind.startswith("\n\n") and not BULLET.match(text[span.start : span.end])


def _names_what_follows(text: str, span: Span) -> bool:
    """Say whether a sentence is a line alone between paragraphs that states nothing."""
    said = _SECTION.sub("", _NUMBER.sub("", text[span.start : span.end]))
    return (
        _is_alone(text, span)
        and _is_short(said)
        and said[-1:].isalnum()
        and not any(c.isdigit() or c in ":：|" for c in said)
    )


def _closes(text: str, span: Span) -> bool:
    """Say whether a sentence is a letter's last line: who signs it, and perhaps when."""
    said, before = text[span.start : span.end], text[: span.start].rstrip("\n ")
    is_last = not text[span.end :].strip() and text[: span.start].endswith("\n")
    plain = _DAY.sub("", said).strip()
    # Above a firm or department, its writer may stand.
    body, _, name = before.rpartition("\n")
    ends = before.endswith(STOPS) or (_is_bare(name) and body.rstrip("\n ").endswith(STOPS))
    return is_last and ends and _is_bare(plain) and _signs(plain)


def _is_bare(text: str) -> bool:
    """Say whether a line names something, and no more."""
    return _is_short(text) and not any(c.isdigit() or c in "，,:：|、;；()（）" for c in text)


def _signs(plain: str) -> bool:
    """Say whether a line names a firm or department."""
    return not plain or _FIRM.search(plain) is not None


def _is_name(text: str) -> bool:
    """Say whether a heading names what follows; one with a colon only if it says when somebody
    wrote it: to whom a letter goes ("Dear Ada:") is no part of what it says.
    """
    return _is_short(text) and (not leads_on(text) or _DATED.search(text) is not None)


def _is_short(text: str) -> bool:
    return len(text) <= (_NAME_CJK if CJK.search(text) else _NAME)
