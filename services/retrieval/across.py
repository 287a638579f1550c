"""A question put into the other language, in words of the texts there that speak of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.domain.passages import AnalysedPassage, Found
from services.domain.scope import Scope
from services.index import WordIndex
from services.language.normalize import CJK, folded, language_of
from services.language.translation import Concept, chinese_words, concepts, reworded, terms_of
from services.retrieval import Meant, Retrieval
from services.retrieval.bm25 import idf
from services.retrieval.legs import FEWEST, Stored, telling

# So many passages are looked at, and so many of the best choose the words.
_LOOKED_AT, _CHOOSING = 40, 8
# What a word may mean counts so much of what it means before; a phrase of which only a part stands
# in a text, so much of that part.
_LATER, _PART = 0.9, 0.4
# One of them stands in nearly every text of more than a line or two.
_COMMONEST = {
    "en": ("the", "of", "and", "to", "is", "for"),
    "zh": ("的", "是", "在", "和", "有", "可", "为", "应", "须", "公司", "员工", "进行", "可以"),
}
_MANY = 200
# Words that stand nearly as often in the best passages stand for the same.
_ALIKE, _MOST_ALIKE = 0.7, 2

# The best text of the other language stands where one of the question's own stands that scores so
# much of the best of these. Of 0.5 to 0.9 the most that takes nothing from scale-docs, where
# questions are answered in their own language; xquad-xling gains 0.22 (English) and 0.29.
_SHARE = 0.6
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Translation:
    """A question in the other language, and each of its words with all that it may be called."""

    text: str
    meant: tuple[Meant, ...]


@dataclass(frozen=True, slots=True)
class _Option:
    """What a concept may be called: what that counts in each of the texts looked at."""

    text: str
    worth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    """Terms of options and their idf, each concept's options in the texts, and the best texts."""

    terms: Mapping[str, Sequence[str]]
    rare: Mapping[str, float]
    options: Sequence[Sequence[_Option]]
    best: Sequence[int]

    def chosen(self, options: Sequence[_Option]) -> list[str]:
        """Return the options that stand most in the best texts, the best of these first."""
        sums = {
            one.text: sum(one.worth[i] / (1 + at) for at, i in enumerate(self.best))
            for one in options
        }
        order = sorted(sums, key=lambda text: -sums[text])[:_MOST_ALIKE]
        return [text for text in order if sums[text] >= _ALIKE * sums[order[0]]]


class Across:
    """Puts questions into the other language, or into other words.

    A dictionary gives each word several meanings. Those are looked for together, as one concept
    each (Pirkola 1998), and the passages that hold most of the concepts choose among them. What
    comes out reads as a list of words; fitted on nothing, measured on xquad-xling and faq-xling.
    """

    def __init__(self, words: WordIndex) -> None:
        self._words = words

    def translated(
        self,
        question: str,
        scope: Scope,
        read: Callable[[Sequence[int]], Stored],
        seen: Stored | None = None,
    ) -> Translation | None:
        """Return *question* in the other language; None where no text of *scope* in that language
        holds any of it. *read* gives the passages of ids, *seen* are some that are known already.
        """
        language = language_of(question)
        if not self._holds_other(language, scope, seen or {}):
            return None
        asked = concepts(question)
        looked = self._looked(asked, scope, lambda ids: _texts(read(ids).values(), language))
        if looked is None:
            return None
        text = " ".join(word for of in looked.options for word in looked.chosen(of))
        is_chinese = language == "zh"
        meant = (_meant(one, looked, is_chinese=is_chinese) for one in asked)
        return Translation(text, tuple(meant))

    def reworded(
        self, question: str, scope: Scope, read: Callable[[Sequence[int]], Stored]
    ) -> str | None:
        """Return a Chinese *question* with other words for those that no text of *scope* holds:
        工资 for 薪水. None where there are no such words, or no others for them.
        """
        if language_of(question) != "zh":
            return None
        said = {word: terms_of(word) for word in chinese_words(question)}
        rare = self._rarity({term for theirs in said.values() for term in theirs}, scope)
        asked = reworded(
            list(said), [word for word in said if not rare.keys().isdisjoint(said[word])]
        )
        looked = self._looked(asked, scope, lambda ids: _texts(read(ids).values(), ""))
        if looked is None:
            return None
        told = plain = folded(question)
        for concept, options in zip(asked, looked.options, strict=True):
            if concept.options != (concept.said,) and options:
                told = told.replace(concept.said, looked.chosen(options)[0])
        return told if told != plain else None

    def _looked(
        self,
        asked: Sequence[Concept],
        scope: Scope,
        texts_of: Callable[[Sequence[int]], Sequence[frozenset[str]]],
    ) -> "_Looked | None":
        """Return what the concepts may be called in the texts that hold most of them."""
        terms = {option: terms_of(option) for one in asked for option in one.options}
        rare = self._rarity({term for theirs in terms.values() for term in theirs}, scope)
        wanted = list(_weights(asked, terms, rare).items())
        if not wanted:
            return None
        hits = self._words.search(telling(wanted, rare), scope, _LOOKED_AT)
        texts = texts_of([hit.passage_id for hit in hits])
        if not texts:
            return None
        options = [list(_options(one, terms, rare, texts)) for one in asked]
        held = [sum(max(o.worth[i] for o in of) for of in options if of) for i in range(len(texts))]
        best = sorted(range(len(texts)), key=lambda i: -held[i])[:_CHOOSING]
        return _Looked(terms, rare, options, best)

    def _holds_other(self, language: str, scope: Scope, seen: Stored) -> bool:
        """Say whether any text is in another language: one of its commonest words stands there, or
        the passages are so few that none may, and not all of them are *seen*. Who keeps texts of
        one language never waits for the dictionary to be read.
        """
        words = [word for one, theirs in _COMMONEST.items() if one != language for word in theirs]
        known = self._words.statistics(words, scope, "body").values()
        if any(often for one in known for often in one.often.values()):
            return True
        total = sum(one.passages for one in known)
        are_all_seen = len(seen) >= total
        return total < _MANY and (
            not are_all_seen
            or any(language_of(one.passage.text) != language for one in seen.values())
        )

    def _rarity(self, terms: Iterable[str], scope: Scope) -> dict[str, float]:
        """Return the idf of those terms that stand anywhere in *scope*."""
        asked = sorted(terms)
        known = self._words.statistics(asked, scope, "body").values()
        total = max(sum(one.passages for one in known), FEWEST)
        often = {term: sum(one.often[term] for one in known) for term in asked}
        return {term: idf(total, count) for term, count in often.items() if count}


def _weights(
    asked: Iterable[Concept], terms: Mapping[str, Sequence[str]], rare: Mapping[str, float]
) -> dict[str, float]:
    """Return what each known term weighs in the search: the most that any of its options gives."""
    found: dict[str, float] = {}
    for concept in asked:
        for i, option in enumerate(concept.options):
            for term in terms[option]:
                if term in rare:
                    weight = _LATER**i / len(terms[option])
                    found[term] = max(weight, found.get(term, 0.0))
    return found


def _meant(concept: Concept, looked: _Looked, *, is_chinese: bool) -> Meant:
    """Return a concept as it may be said; what no text says weighs as what one does."""
    terms, rare = looked.terms, looked.rare
    ways = [frozenset(terms[option]) for option in concept.options if terms[option]]
    known = [max(rare[term] for term in way) for way in ways if way <= rare.keys()]
    weight = min(known, default=idf(FEWEST, 1))
    is_latin = is_chinese and not CJK.search(concept.said)
    return Meant(weight, tuple(ways), must=is_latin or any(map(str.isdigit, concept.said)))


def _texts(stored: Iterable[AnalysedPassage], language: str) -> list[frozenset[str]]:
    """Return the terms of the passages that are in another language than *language*, or of all."""
    return [
        frozenset(f"{one.title_terms} {one.body_terms}".split())
        for one in stored
        if language_of(one.passage.text) != language
    ]


def _options(
    concept: Concept,
    terms: Mapping[str, Sequence[str]],
    rare: Mapping[str, float],
    texts: Sequence[frozenset[str]],
) -> Iterable[_Option]:
    """Yield what a concept may be called, as far as any of it stands in *texts*."""
    for i, option in enumerate(concept.options):
        own = terms[option]
        most = sum(rare.get(term, 0.0) for term in own) / max(len(own), 1) * _LATER**i
        shares = [sum(term in text for term in own) / max(len(own), 1) for text in texts]
        if any(shares):
            worth = (most * (share if share == 1 else _PART * share) for share in shares)
            yield _Option(option, tuple(worth))


def joined(own: Retrieval, other: Retrieval, limit: int) -> Retrieval:
    """Return what a question and its translation found in one order, at most *limit*.

    What it found by itself in the other language, by a name that stands there, is no measure.
    """
    most = max(
        (one.score for one in own.found if language_of(one.passage.text) == own.language),
        default=0.0,
    )
    factor = _SHARE * most / other.found[0].score if most > 0 and other.found[0].score > 0 else 1.0
    best: dict[int, Found] = {one.passage.id: one for one in own.found}
    for one in other.found:
        held = best.get(one.passage.id)
        score = round(one.score * factor, _DIGITS)
        if held is None or held.score < score:
            best[one.passage.id] = replace(one, score=score)
    found = sorted(best.values(), key=lambda one: -one.score)[:limit]
    return replace(
        own,
        found=found,
        tokens={**other.tokens, **own.tokens},
        embedding_s=own.embedding_s + other.embedding_s,
        trace={**own.trace, "translated": other.question},
    )
