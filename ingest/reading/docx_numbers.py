"""Chinese numbers of a Word file's paragraphs, which the partitioner cannot write: 第三条, 二、."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

_DIGITS = "〇一二三四五六七八九"
_COUNTED = frozenset(
    {
        "chineseCounting",
        "chineseCountingThousand",
        "japaneseCounting",
        "taiwaneseCounting",
        "taiwaneseCountingThousand",
        "ideographTraditional",
        "chineseLegalSimplified",
        "japaneseLegal",
        "ideographDigital",
        "japaneseDigitalTenThousand",
        "taiwaneseDigital",
    }
)
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_LEGAL = str.maketrans("〇一二三四五六七八九十百", "零壹贰叁肆伍陆柒捌玖拾佰")
_PLACE = re.compile(r"%([1-9])")
_LETTERS = 26


@dataclass(slots=True)
class _Level:
    start: int
    kind: str
    text: str


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def write_out_numbers(document: Any, body: Any) -> None:  # noqa: ANN401 - untyped XML
    """Write the numbers of paragraphs that are counted in Chinese into their text."""
    lists = _lists(document)
    if not any(level.kind in _COUNTED for one in lists.values() for level in one.levels.values()):
        return
    styles = _of_styles(document)
    for paragraph in body.iter(qn("w:p")):
        number = _number_of(paragraph, styles)
        if number is None or number[0] not in lists:
            continue
        label = _label(lists[number[0]], number[1])
        if label:
            _begin_with(paragraph, label)


def _lists(document: Any) -> dict[str, _List]:  # noqa: ANN401
    """Return the lists of a file by their number; those of one definition count on."""
    part = next(
        (
            one.target_part
            for one in document.part.rels.values()
            if not one.is_external and one.reltype.endswith("/numbering")
        ),
        None,
    )
    if part is None:
        return {}
    defined = {
        one.get(qn("w:abstractNumId")): _List(dict(map(_level, one.iterchildren(qn("w:lvl")))))
        for one in part.element.iterchildren(qn("w:abstractNum"))
    }
    found = {}
    for one in part.element.iterchildren(qn("w:num")):
        named = one.find(qn("w:abstractNumId"))
        shared = None if named is None else defined.get(named.get(qn("w:val")))
        if shared is not None:
            restarts = one.find(qn("w:lvlOverride")) is not None
            found[one.get(qn("w:numId"))] = _List(shared.levels) if restarts else shared
    return found


def _level(node: Any) -> tuple[int, _Level]:  # noqa: ANN401
    def value(name: str, default: str) -> str:
        child = node.find(qn(name))
        return default if child is None else str(child.get(qn("w:val"), default))

    start = value("w:start", "1")
    return int(node.get(qn("w:ilvl"), "0")), _Level(
        int(start) if start.isdigit() else 1, value("w:numFmt", "decimal"), value("w:lvlText", "")
    )


def _of_styles(document: Any) -> dict[str, tuple[str, int]]:  # noqa: ANN401
    found = {}
    for style in document.styles.element.iter(qn("w:style")):
        number = _numbered(style.find(qn("w:pPr")))
        if number is not None:
            found[style.get(qn("w:styleId"), "")] = number
    return found


def _number_of(paragraph: Any, styles: dict[str, tuple[str, int]]) -> tuple[str, int] | None:  # noqa: ANN401
    properties = paragraph.find(qn("w:pPr"))
    own = _numbered(properties)
    if own is not None or properties is None:
        return own
    style = properties.find(qn("w:pStyle"))
    return None if style is None else styles.get(style.get(qn("w:val"), ""))


def _numbered(properties: Any) -> tuple[str, int] | None:  # noqa: ANN401
    number = None if properties is None else properties.find(qn("w:numPr"))
    named = None if number is None else number.find(qn("w:numId"))
    if number is None or named is None:
        return None
    level = number.find(qn("w:ilvl"))
    at = "0" if level is None else level.get(qn("w:val"), "0")
    return named.get(qn("w:val"), ""), int(at) if at.isdigit() else 0


def _label(one: _List, level: int) -> str:
    """Count a paragraph at a level; return its number, empty unless some of it is Chinese."""
    own = one.levels.get(level)
    if own is None:
        return ""
    one.counts[level] = one.counts[level] + 1 if one.counts.get(level) else own.start
    for deeper in [at for at in one.counts if at > level]:
        del one.counts[deeper]
    used = [int(match[1]) - 1 for match in _PLACE.finditer(own.text)]
    kinds = {at: one.levels[at] for at in used if at in one.levels}
    if not any(kind.kind in _COUNTED for kind in kinds.values()):
        return ""

    def shown(match: re.Match[str]) -> str:
        at = int(match[1]) - 1
        kind = kinds.get(at)
        return "" if kind is None else _in_words(one.counts.get(at) or kind.start, kind.kind)

    return _PLACE.sub(shown, own.text)


def _in_words(number: int, kind: str) -> str:
    if kind == "ideographTraditional":
        return _STEMS[(number - 1) % len(_STEMS)]
    if kind in {"ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"}:
        return "".join(_DIGITS[int(digit)] for digit in str(number))
    if kind in {"lowerLetter", "upperLetter"}:
        letter = chr(ord("a") + (number - 1) % _LETTERS)
        return letter.upper() if kind == "upperLetter" else letter
    if kind not in _COUNTED:
        return str(number)
    told = _counted(number)
    return told.translate(_LEGAL) if "egal" in kind else told


def _counted(number: int) -> str:
    """Return a number below 1,000 as it is counted: 十二, 一百零三; digits beyond."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    if hundreds >= len(_DIGITS):
        return str(number)
    told = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        told += f"{'' if tens == 1 and not hundreds else _DIGITS[tens]}十"
    elif hundreds and ones:
        told += "零"
    return f"{told}{_DIGITS[ones] if ones else ''}" or _DIGITS[0]


def _begin_with(paragraph: Any, label: str) -> None:  # noqa: ANN401
    properties = paragraph.find(qn("w:pPr"))
    number = None if properties is None else properties.find(qn("w:numPr"))
    if number is not None:
        properties.remove(number)
    run, content = OxmlElement("w:r"), OxmlElement("w:t")
    content.text = label if label.endswith(("、", "）", ")", "．")) else f"{label} "
    content.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(content)
    paragraph.insert(0 if properties is None else 1, run)
