"""The words of a text as the keyword index and the grounding know them."""

import functools
import math
import re
import threading

import jieba
import Stemmer

from services.language.jieba_dictionary import opened_segmenter
from services.language.normalize import CJK, folded
from services.language.numerals import number_terms

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_LETTER = rf"[^\W_{_HAN}]"
_RUN = re.compile(
    rf"(?P<cjk>[{_HAN}]+)"
    rf"|(?P<word>{_LETTER}+(?:[.\-'’/&+#_:@]{_LETTER}+)*(?:\+\+|#)?)"
)
# A line break between two ideographs was made by a page's width, not by a writer.
_BROKEN = re.compile(rf"(?<=[{_HAN}])\n(?=[{_HAN}])")
_PART = re.compile(r"[^\W_]+")
_OWNED = re.compile(r"['’]s$")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")

_ENGLISH_STOP_WORDS = """
a an and are as at be been being but by can could did do does for from had has have he her his how i
if in into is it its many may me much must my no not of on or our please said same shall she should
so some such tell than that the their them then there these they this those to us was we were what
when where which while who whom whose why will with would you your about also am any because both
""".split()  # noqa: SIM905 - a text is easier to read and to add to
_CHINESE_STOP_WORDS = """
的 了 是 在 和 与 及 或 吗 呢 吧 啊 呀 么 哪 谁 什么 怎么 怎样 如何 为什么 多少 几 哪些
哪个 哪里 何时 何 请问 请 一下 有 被 把 将 对 对于 关于 由 从 到 以 其 之 于 中 个 这
那 它 他 她 们 也 都 就 而 但 所 为 等 并 着 过 会 能 可以 一个 是否 哪一 哪年 几个
什
""".split()  # noqa: SIM905

CHINESE_STOP_WORDS = frozenset(_CHINESE_STOP_WORDS)
# What asks, and says nothing of what is asked for; in Simplified characters.
_ASKING = re.compile(
    r"什么(?:样|时候|地方|人)?|哪[里些个位一]*|谁|何[时处人地者种]|"
    r"(?<![很许众诸最])多[长少]的?时间|(?<![很许众诸最])多[久长]|多少|有多|几(?![何乎])个?|怎[么样]+|"
    r"如何|为什么|为何|是否|吗|呢|请问|应该怎么办"
)

# Neither may be used by two threads at once; whoever stems does not wait for the dictionary.
_jieba_lock, _stemmer_lock = threading.Lock(), threading.Lock()


@functools.cache
def _segmenter() -> jieba.Tokenizer:
    return opened_segmenter()


def read_dictionary() -> None:
    """Read the words of Chinese now; else the first Chinese text waits a second for them."""
    with _jieba_lock:
        _segmenter()


def how_often(word: str) -> float:
    """Return how often a Chinese word is used: the logarithm of its count in the dictionary."""
    with _jieba_lock:
        return math.log(1 + _segmenter().FREQ.get(word, 0))


@functools.cache
def _stemmer() -> Stemmer.Stemmer:
    # It keeps no stems by itself: `stem` does.
    return Stemmer.Stemmer("english", 0)


@functools.cache
def stop_words() -> frozenset[str]:
    """Return English words without a meaning of their own, as terms: "does" counts as "doe"."""
    return frozenset([*_ENGLISH_STOP_WORDS, *map(stem, _ENGLISH_STOP_WORDS)])


def without_asking(question: str) -> str:
    """Return a question without its Chinese question words, whose pairs would be looked for."""
    plain = folded(question)
    return _ASKING.sub(" ", plain) if CJK.search(plain) else question


@functools.lru_cache(maxsize=262_144)
def stem(word: str) -> str:
    """Return the English Snowball stem of a lower-case word; other scripts stay as they are."""
    if not word.isascii() or any(letter.isdigit() for letter in word):
        return word
    with _stemmer_lock:
        return str(_stemmer().stemWord(word))


def terms(text: str) -> list[str]:
    """Return the terms of *text* in order: English stems, codes whole and in parts, Chinese
    words and character pairs; behind them numbers and dates in one form. Question and document are
    cut by this same function.
    """
    found: list[str] = []
    plain = _THOUSANDS.sub("", _BROKEN.sub("", folded(text)))
    for match in _RUN.finditer(plain):
        if match["cjk"]:
            found += chinese_terms(match["cjk"])
        else:
            found += _word_terms(match["word"])
    return [*found, *number_terms(plain)]


def words(text: str) -> list[str]:
    """Return the words of *text* in order, as they stand in it: Chinese cut by the dictionary."""
    found: list[str] = []
    for match in _RUN.finditer(text):
        if match["cjk"]:
            with _jieba_lock:
                found += _segmenter().cut(match["cjk"])
        else:
            found.append(match["word"])
    return found


def content_terms(text: str) -> list[str]:
    """Return the terms of *text* that carry meaning: no pronouns, articles, question words."""
    stops = stop_words()
    return [term for term in terms(text) if term not in stops and term not in CHINESE_STOP_WORDS]


def chinese_terms(run: str) -> list[str]:
    """Return the words of a run of ideographs and its character pairs.

    Words alone fail where the dictionary cuts a name in two ways; pairs alone are noisy.
    """
    if len(run) == 1:
        return [run]
    with _jieba_lock:
        words = [word for word in _segmenter().cut_for_search(run) if word.strip()]
    pairs = [run[i : i + 2] for i in range(len(run) - 1)]
    return words + pairs


def _word_terms(word: str) -> list[str]:
    plain = _OWNED.sub("", word)
    parts = _PART.findall(plain)
    if len(parts) <= 1:
        return [stem(plain)]
    return [plain, *(stem(part) for part in parts)]
