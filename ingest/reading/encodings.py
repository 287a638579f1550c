"""Bytes of unknown encoding to text: UTF-8, UTF-16, GB18030, Big5, Shift-JIS and the rest."""

import codecs
import re
from collections import Counter
from collections.abc import Sequence

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC = ("koi8_r", "cp1251")
_CANDIDATES = (*("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"), *_CYRILLIC)
_SAMPLE = 65_536
_ENOUGH = 0.3
_CLEAR = 0.75
# The commonest Han characters of running text, Simplified and Traditional: a wrong decoding hits
# them by chance only.
_COMMON = frozenset(
    "的一是了我不人在他有这個个上们們来來到时時大地为為子中你说說生国國年着就那和要她出也得里裡后後"
    "自以会會家可下而过過天去能对對小多然于於心学學么麼之都好看起发發当當没沒成只如事把还還用第样樣"
    "道想作种種开開美总總从從无無情己面最女但现現前些所同日手又行意动動方期它头頭经經长長儿兒回位分"
    "爱愛老因很给給名法间間斯知世什两兩次使身者被高已亲親其进進此话話常与與活正感见見明问問力理尔爾"
    "点點文几幾定本公特做外孩相西果走将將月十实實向声聲车車全信重三机機工物气氣每并並别別真打太新比"
    "才便夫再书書部水像眼等体體却卻加电電主界门門利海受听聽表德少克代员員许許先口由死安写寫性马馬光"
    "白或住难難望教命花结結乐樂色测測试試请請关關数數据據文档檔号號码碼单單价價北京东東南市区區省县縣"
    "您好谢謝司务務产產品服处處内內容通过線线张張王李刘劉陈陳佐藤太郎名古屋前"
)
# The commonest syllables of running Korean, for the same end.
_COMMON_HANGUL = frozenset(
    "이다는의에가을를하고지은기로사도한어자리시아인나서대그해라정일들전수있적보으면부만주과게여연상것성제원장"
    "했안유구조경미오스공우고신동선비소된모실세화생각트분방내진었네마드계관용무작음요할당국와습니까년월저합없"
    "같번회교약물치금급휴규직문업영식개단양등입출건설명때말중더거너반위변발본표후심"
)
# First and last character of a range, and what one of it is worth.
_WORTH = (
    ("\u3040", "\u30ff", 0.9),  # kana
    ("\u3000", "\u303f", 0.8),  # Chinese punctuation
    ("\uff01", "\uff5e", 0.8),  # full-width forms
    ("\uff61", "\uff9f", -0.7),  # half-width kana
    ("\ue000", "\uf8ff", -2.0),  # private use
    ("\x80", "\x9f", -2.0),  # controls
)
_WORTH_COMMON, _WORTH_USUAL, _WORTH_RARE = 1.0, 0.6, 0.1
# Of each encoding of Han characters: its charset in which they are ordered by how usual they are,
# and the first bytes of the usual half (level 1).
_LEVELS = {
    "gb18030": (("gb2312", 0xB0, 0xD7),),
    "big5hkscs": (("big5", 0xA4, 0xC6),),
    "cp932": (("cp932", 0x88, 0x98),),
    "euc_jp": (("euc_jp", 0xB0, 0xCF),),
    "cp949": (),
}
_ANY_LEVEL = (*_LEVELS["gb18030"], *_LEVELS["big5hkscs"])
# Kana in what claims to be Chinese is Japanese read wrongly: both keep it in the same place.
_WORTH_KANA_IN_CHINESE = 0.2
_CYRILLIC_WORD, _CYRILLIC_CAPITALS = re.compile(r"[А-ЯЁ]?[а-яё]+"), re.compile(r"[А-ЯЁ]{2,}")
_WORDS = re.compile(r"[^\W\d_]+")
# What pages and mails name as their encoding, and what they mean by it (the WHATWG's Encoding
# Standard, section 4.2): each holds the named one and more.
_MEANT = {
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk", "csgb2312", "chinese"), "gb18030"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "euc_kr", "ks_c_5601-1987", "korean"), "cp949"),
}
_WIDE = ("utf-16", "utf-32", "utf16", "utf32", "ucs")
# So many characters must come out well for each that does not: a byte was lost or added.
_WELL = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_RUNS = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes, hint: str | None = None) -> tuple[str, str]:
    """Return the text of *data* and the name of its encoding.

    *hint* is what the file says of itself (a MIME charset, a meta tag); it counts if it fits, and
    what can only be UTF-8 is UTF-8. Bytes that fit nowhere come out as U+FFFD.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    is_wide = b"\0" in data[:_SAMPLE]
    # What names a wide encoding in narrow letters was made anew since.
    is_stale = hint is None or (not is_wide and hint.lower().startswith(_WIDE))
    hints = [] if hint is None or is_stale else [_MEANT.get(hint.lower(), hint)]
    utf8 = [] if is_wide else ["utf-8"]
    named = [*utf8, *hints] if not data.isascii() else [*hints, *utf8]
    for read in (_strictly, _nearly):
        for name in named:
            text = read(data, name)
            if text is not None:
                return text, name
    name = _guess(data[:_SAMPLE])
    return data.decode(name, "replace"), name


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError):
        return None


def _nearly(data: bytes, name: str) -> str | None:
    """Return the text of *data* if but a few of its bytes do not fit."""
    try:
        text = data.decode(name, "replace")
    except (UnicodeError, LookupError):
        return None
    wrong = text.count("\ufffd")
    # What ends in the middle of a character was cut off there.
    if text.endswith("\ufffd") and wrong == 1:
        wrong = 0
    well = sum(not letter.isascii() for letter in text) - text.count("\ufffd")
    return text if well and wrong * _WELL <= well else None


def _guess(sample: bytes) -> str:
    wide = _utf16_by_zeros(sample)
    if wide:
        return wide
    scores = {name: _likeliness(sample, name) for name in _CANDIDATES}
    if len(sample) % 2 == 0 and b"\0" not in sample:
        scores |= {name: _likeliness(sample, name) - 0.2 for name in ("utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda name: scores[name])
    if (scores[best] < _CLEAR or best in _CYRILLIC) and _looks_latin(sample):
        return "cp1252"
    if scores[best] > _ENOUGH:
        return best
    high = sum(byte > 0x7F for byte in sample)  # noqa: PLR2004 - what is no ASCII
    found = None if high * 3 < len(sample) else from_bytes(sample).best()
    return found.encoding if found else "cp1252"


def _utf16_by_zeros(sample: bytes) -> str | None:
    """Tell UTF-16 without a mark by the zero bytes of its Latin letters."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    needed = max(1, len(sample) // 100)
    if odd >= needed and even * 3 <= odd:
        return "utf-16-le"
    if even >= needed and odd * 3 <= even:
        return "utf-16-be"
    return None


def _looks_latin(sample: bytes) -> bool:
    """Latin-1 has single high bytes between letters; double-byte encodings have runs of them."""
    runs = [len(run) for run in _RUNS.findall(sample)]
    return bool(runs) and runs.count(1) * 2 >= len(runs) and sum(runs) * 2 < len(sample)


def _likeliness(sample: bytes, name: str) -> float:
    """Return how much a decoding looks like running text: the mean worth of its characters."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        text = decoder.decode(sample)
    except UnicodeDecodeError:
        return -1.0
    foreign = [letter for letter in text if not letter.isascii()]
    if _CONTROL.search(text) or not foreign:
        return -1.0
    if name in _CYRILLIC:
        return _likeliness_of_words(_WORDS.findall(text), len(foreign))
    counted = Counter(foreign)
    return sum(_worth(letter, name) * n for letter, n in counted.items()) / len(foreign)


def _likeliness_of_words(words: Sequence[str], foreign: int) -> float:
    """Return the share of a text's *foreign* characters in words of Russian letters, less the rest;
    capitals throughout are rarer.
    """
    small = sum(len(word) for word in words if _CYRILLIC_WORD.fullmatch(word))
    large = sum(len(word) for word in words if _CYRILLIC_CAPITALS.fullmatch(word))
    return (2 * small + 1.8 * large - foreign) / foreign


def _worth(letter: str, name: str) -> float:
    """Return how well a character fits running text in the encoding *name*."""
    if letter in _COMMON or letter in _COMMON_HANGUL:
        return _WORTH_COMMON
    if "\u3040" <= letter <= "\u30ff" and name in {"gb18030", "big5hkscs"}:
        return _WORTH_KANA_IN_CHINESE
    if "\uac00" <= letter <= "\ud7a3":
        return _WORTH_USUAL / 2
    if "\u4e00" <= letter <= "\u9fff":
        levels = _LEVELS.get(name, _ANY_LEVEL)
        return _WORTH_USUAL if any(_is_usual(letter, *one) for one in levels) else _WORTH_RARE
    return next((worth for first, last, worth in _WORTH if first <= letter <= last), 0.0)


def _is_usual(letter: str, charset: str, first: int, last: int) -> bool:
    try:
        return first <= letter.encode(charset)[0] <= last
    except UnicodeEncodeError:
        return False
