"""Bytes of unknown encoding to text: UTF-8, UTF-16, GB18030, Big5, Shift-JIS and the rest."""

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC = ("koi8_r", "cp1251")
_CANDIDATES = ("gb18030", "big5", "cp932", "euc_jp", "euc_kr", *_CYRILLIC)
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
# First and last character of a range, and what one of it is worth.
_WORTH = (
    ("\uac00", "\ud7a3", 1.0),  # Hangul
    ("\u0410", "\u044f", 1.0),  # Cyrillic
    ("\u3040", "\u30ff", 0.9),  # kana
    ("\u3000", "\u303f", 0.8),  # Chinese punctuation
    ("\uff01", "\uff5e", 0.8),  # full-width forms
    ("\u4e00", "\u9fff", 0.35),  # other Han
    ("\uff61", "\uff9f", -0.7),  # half-width kana
    ("\ue000", "\uf8ff", -2.0),  # private use
    ("\x80", "\x9f", -2.0),  # controls
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_RUNS = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes, hint: str | None = None) -> tuple[str, str]:
    """Return the text of *data* and the name of its encoding.

    *hint* is what the file says of itself (a MIME charset, a meta tag); it counts if it fits.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    for name in filter(None, (hint, None if b"\0" in data[:_SAMPLE] else "utf-8")):
        text = _strictly(data, name)
        if text is not None:
            return text, name
    name = _guess(data[:_SAMPLE])
    return data.decode(name, "replace"), name


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None


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
    found = from_bytes(sample).best()
    return found.encoding if found else "cp1252"


def _utf16_by_zeros(sample: bytes) -> str | None:
    """Tell UTF-16 without a mark by the zero bytes of its Latin letters."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    needed = max(1, len(sample) // 100)
    if odd >= needed and even * 10 <= odd:
        return "utf-16-le"
    if even >= needed and odd * 10 <= even:
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
    return sum(map(_worth, foreign)) / len(foreign)


def _worth(letter: str) -> float:
    """Return how well a character fits running text, from the first range that holds it."""
    if letter in _COMMON:
        return 1.0
    return next((worth for first, last, worth in _WORTH if first <= letter <= last), 0.0)
