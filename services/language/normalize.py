"""Text brought to one form, and characters that nobody sees taken out."""

import functools
import re
import unicodedata

import opencc

# Tag block, zero-width and directional controls, variation selectors, soft hyphen, byte order mark:
# they can hide instructions in a document or make two equal words differ (bar U10).
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BETWEEN_IDEOGRAPHS = re.compile(
    r"(?<=[\u3001-\u303f\u3400-\u9fff\uff00-\uffef])\s+(?=[\u3001-\u303f\u3400-\u9fff\uff00-\uffef])"
)
_CODES = re.compile(r"\b[A-Z]{1,5}\b|\b[A-Za-z]{1,5}[-–]?\d\w*")
_LETTER_RUNS = re.compile(r"[^\W\d_]+")
CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")


def remove_invisible(text: str) -> tuple[str, int]:
    """Return *text* without invisible and control characters, and how many there were."""
    seen, invisible = INVISIBLE.subn("", text)
    clean, control = CONTROL.subn("", seen)
    return clean, invisible + control


def canonical(text: str) -> tuple[str, int]:
    """Return the canonical form of a document's text and the number of characters removed.

    Unicode NFC, one kind of line end, no invisible characters, single spaces, at most one blank
    line. Offsets of passages and quotes count in this form.
    """
    text, removed = remove_invisible(_LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text)))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip(), removed


def on_one_line(text: str) -> str:
    """Return *text* without its line ends: a space where one was, but between ideographs none."""
    return " ".join(_BETWEEN_IDEOGRAPHS.sub(_without_line_end, text).split())


def _without_line_end(match: re.Match[str]) -> str:
    return "" if "\n" in match[0] or "\r" in match[0] else match[0]


def chinese_share(text: str) -> float:
    """Return how much of *text* is Chinese, between 0 and 1, counted in words.

    A Chinese word is taken as 1.6 ideographs, the mean of running text. Codes and abbreviations
    (HC-200, IP) are of no language.
    """
    if text.isascii():
        return 0.0
    rest, ideographs = CJK.subn(" ", text)
    chinese = ideographs / IDEOGRAPHS_PER_WORD
    other = len(_LETTER_RUNS.findall(_CODES.sub(" ", rest) if chinese else text))
    return chinese / (chinese + other) if chinese + other else 0.0


def language_of(text: str) -> str:
    """Return `zh` where Chinese carries the text, else `en`.

    A Chinese question about a product with an English name is Chinese; an English question that
    names a Chinese city is English.
    """
    return "zh" if chinese_share(text) >= CHINESE_SHARE else "en"


IDEOGRAPHS_PER_WORD = 1.6
CHINESE_SHARE = 0.4
LANGUAGES = ("en", "zh")


@functools.cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def folded(text: str) -> str:
    """Return *text* for comparison: NFKC, lower case, Traditional Chinese as Simplified."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return _converter().convert(plain) if CJK.search(plain) else plain
