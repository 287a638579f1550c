"""What a Chinese question says besides asking: its words and its characters."""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.language.normalize import CJK, folded
from services.language.terms import CHINESE_STOP_WORDS, terms, without_asking, words

# What stands behind a question word names the kind of thing that is asked for: 什么名次 is answered
# by 季军, without the word.
_KIND = re.compile(
    r"(?:什么(?:样的?)?|哪(?:[一二两三几]?[个些种类位座条所部项次家届里级款])?|(?<![如为任])何种?|多少|几(?![何乎]))"
    r"([\u4e00-\u9fff]{1,6})"
)
_MEASURED = re.compile(r"(?<=哪)[一二两三几]?[个些种类位座条所部项次家届级款]")
_PART = re.compile(r"[^\W_]+(?:[.\-'/&+#_:@]+[^\W_]+)*[+#]*")
_LATIN = re.compile(r"[a-z]{2,}|\d{2,}")
_SHORTEST = 2
_NOTHING_ASKED = 0.5


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """The words of a Chinese question by their weight, and its characters.

    Words are those of the dictionary, of two characters and more: pairs of characters across the
    borders of words are rare, and would weigh most. Characters also meet what is said in other
    words: 掠夺 and 劫掠; a word of Latin letters or a number is one of them.
    """

    words: Mapping[str, float]
    characters: frozenset[str]
    # Each word as the keyword index has it.
    as_terms: tuple[str, ...]

    def share_of_words(self, plain: str) -> float:
        """Return the share of the words' weight that stands in a folded text."""
        return self._share(word in plain for word in self.words)

    def share_of_terms(self, analysed: str) -> float:
        """Return the share of the words' weight that stands in a text of terms, as the keyword
        index has it: a space around each, a Chinese word as its pairs of characters in a row.
        """
        return self._share(word in analysed for word in self.as_terms)

    def share_of_characters(self, plain: str) -> float:
        """Return the share of the characters that stand in a folded text."""
        held = sum(one in plain for one in self.characters)
        return held / len(self.characters) if self.characters else _NOTHING_ASKED

    def _share(self, held: Iterable[bool]) -> float:
        total = sum(self.words.values())
        weights = zip(held, self.words.values(), strict=True)
        said = sum(weight for is_held, weight in weights if is_held)
        return said / total if total else _NOTHING_ASKED


def question_words(question: str, weights: Mapping[str, float]) -> QuestionWords:
    """Return what *question* says; *weights* of its terms, an unknown word weighs as much as the
    heaviest.
    """
    plain = folded(question)
    asked = without_asking(_MEASURED.sub(" ", plain))
    found = {word for word in _words(asked) if len(word) >= _SHORTEST}
    kinds = {words(match[1])[0] for match in _KIND.finditer(plain)}
    most = max(weights.values(), default=1.0)
    told = sorted(found - kinds or found)
    return QuestionWords(
        {word: weights.get(_term(word), most) for word in told},
        frozenset((*CJK.findall(asked), *_LATIN.findall(asked))) - CHINESE_STOP_WORDS,
        tuple(f" {_as_terms(word)} " for word in told),
    )


def _as_terms(word: str) -> str:
    if not CJK.match(word):
        return _term(word)
    return " ".join(one + other for one, other in itertools.pairwise(word))


def _term(word: str) -> str:
    """Return a word as a term: an English one by its stem, a code as it stands."""
    return word if CJK.match(word) else terms(word)[0]


def _words(asked: str) -> list[str]:
    """Return the words that carry meaning; what the dictionary cuts into single characters (年假)
    is one word.
    """
    found: list[str] = []
    for part in _PART.findall(asked):
        alone = ""
        for word in [*words(part), ""]:
            if len(word) == 1 and CJK.match(word) and word not in CHINESE_STOP_WORDS:
                alone += word
            else:
                found += [one for one in (alone, word) if one and one not in CHINESE_STOP_WORDS]
                alone = ""
    return found
