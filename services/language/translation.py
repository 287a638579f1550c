"""What the words of a question may be called in the other language."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from services.language.bilingual import Dictionary, dictionary, key_of
from services.language.normalize import CJK, folded, language_of
from services.language.terms import (
    CHINESE_STOP_WORDS,
    content_terms,
    stem,
    stop_words,
    without_asking,
    words,
)

_WORD = re.compile(r"[a-z0-9]+(?:[.\-'’/&+#_:@][a-z0-9]+)*")
_LONGEST_PHRASE = 3
# Forms that no ending tells, each before the form that the dictionary has.
_FORMS = """
ate eat became become began begin begun begin bought buy brought bring broke break broken break
built build came come caught catch chose choose chosen choose dealt deal drawn draw drew draw driven
drive drove drive fallen fall fell fall felt feel flew fly forgot forget forgotten forget fought
fight found find gave give given give gone go got get grew grow grown grow held hold kept keep knew
know known know led lead left leave lent lend lost lose made make meant mean met meet paid pay ran
run risen rise rose rise said say sang sing sat sit saw see seen see sent send sold sell sought seek
spent spend spoke speak spoken speak stole steal stolen steal stood stand taken take taught teach
thought think threw throw thrown throw told tell took take understood understand went go won win
wore wear worn wear written write wrote write men man women woman children child feet foot
""".split()  # noqa: SIM905 - a text is easier to read and to add to
_BASES = dict(zip(_FORMS[::2], _FORMS[1::2], strict=True))
_MOST = 8
# Who asks with more words says enough with these.
_MOST_CONCEPTS = 40
# A character alone means many things.
_MOST_OF_CHARACTER = 3


@dataclass(frozen=True, slots=True)
class Concept:
    """A word or phrase of a question, and what it may be called in the other language, the
    likeliest first; a name, number or code is called the same. No options: nobody knows.
    """

    said: str
    options: tuple[str, ...]


def concepts(question: str) -> list[Concept]:
    """Return what a question says besides asking, word by word: its first forty words."""
    plain = without_asking(folded(question))
    put = _of_chinese if language_of(question) == "zh" else _of_english
    return list(islice(put(plain, dictionary()), _MOST_CONCEPTS))


def chinese_words(question: str) -> list[str]:
    """Return the words of a Chinese question of two characters and more: its first forty."""
    found = (
        word
        for word in words(without_asking(folded(question)))
        if CJK.match(word) and len(word) > 1 and word not in CHINESE_STOP_WORDS
    )
    return list(islice(found, _MOST_CONCEPTS))


def reworded(said: Sequence[str], known: Container[str]) -> list[Concept]:
    """Return Chinese words, and for each that is not *known* what means the same; none where all of
    them are.
    """
    if all(word in known for word in said):
        return []
    return [
        Concept(word, (word,) if word in known else tuple(dictionary().alike(word)))
        for word in said
    ]


def _of_chinese(plain: str, known: Dictionary) -> Iterator[Concept]:
    for word in joined_words(words(plain), known):
        if not CJK.search(word):
            yield Concept(word, (word,))
        elif word not in CHINESE_STOP_WORDS:
            parts = [word] if known.in_english(word) else known_parts(word, known)
            if not parts:
                yield Concept(word, ())
            for part in parts:
                options = [one for one in known.in_english(part) if key_of(one)]
                most = _MOST if len(part) > 1 else _MOST_OF_CHARACTER
                if options:
                    yield Concept(part, tuple(dict.fromkeys(options))[:most])


def joined_words(said: Sequence[str], known: Dictionary) -> Iterator[str]:
    """Yield words, those as one that the dictionary knows as one: 年, 假 are 年假."""
    at = 0
    while at < len(said):
        for length in range(min(_LONGEST_PHRASE, len(said) - at), 0, -1):
            word = "".join(said[at : at + length])
            if length == 1 or (CJK.match(word) and known.in_english(word)):
                yield word
                at += length
                break


def known_parts(word: str, known: Dictionary) -> list[str]:
    """Return the longest words within one that the dictionary does not know: of two characters at
    least, those of a name mean nothing.
    """
    found, at = [], 0
    while at < len(word):
        for end in range(len(word), at + 1, -1):
            if known.in_english(word[at:end]):
                found.append(word[at:end])
                at = end
                break
        else:
            at += 1
    return found


def _of_english(plain: str, known: Dictionary) -> Iterator[Concept]:
    said = [one for one in _WORD.findall(plain) if one not in stop_words()]
    at = 0
    while at < len(said):
        for length in range(min(_LONGEST_PHRASE, len(said) - at), 0, -1):
            phrase = said[at : at + length]
            options = known.in_chinese(" ".join(stem(_BASES.get(one, one)) for one in phrase))
            if options or length == 1:
                same = phrase if length == 1 else []
                yield Concept(" ".join(phrase), (*same, *options))
                at += length
                break


def terms_of(option: str) -> Sequence[str]:
    """Return the terms by which an option is looked for, all of which must stand in a text: of
    Chinese the pairs of characters, which stand there however its sentence is cut into words.
    """
    if CJK.match(option) and len(option) > 1:
        return list(dict.fromkeys(option[i : i + 2] for i in range(len(option) - 1)))
    return list(dict.fromkeys(content_terms(option)))
