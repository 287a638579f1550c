"""Whether the passages hold an answer at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.answering.codes import is_called
from services.answering.composing import Ranked
from services.answering.evidence import Evidence
from services.answering.leads import number_of_item
from services.answering.linear import Linear, load
from services.answering.measures import FEATURES as MEASURES
from services.answering.measures import coverage, title_of, words_asked
from services.answering.names import is_of_another, is_row_of_amount, missing
from services.answering.question_types import asking_terms, asks_for_clock, holds_clock, lacks_form
from services.domain.passages import Found
from services.engine import ModelCard
from services.language.identifiers import identifiers, is_of_others
from services.language.normalize import folded, language_of
from services.language.numbers import numbers
from services.language.ranges import amounts, without_amounts
from services.language.table_rows import cells, is_row
from services.language.terms import content_terms
from services.retrieval import Retrieval

FEATURES = (
    "best",
    "gap",
    "mass",
    "window",
    "passage",
    "words_window",
    "words_passage",
    "run",
    "late_best",
    "numbers_missing",
    "late_window_low",
    "names_sentence",
    "names_passage",
    "words_near",
    "characters_passage",
)
_AT = {name: i for i, name in enumerate(MEASURES)}
_WIDEST_GAP = 5.0
# The median of answerable questions: beyond it likeness says nothing of near-misses.
_LATE_ENOUGH = 0.71
_LONG_WORD = 2
# So many of the best sentences may hold what is asked for: the first is not always the one.
_FIRST = 3
# A sentence with so much of the question, weighed by idf, speaks of it: on the English sets at most
# 0.007 of what should be refused has one and was refused before (docs/quality.md).
_NEARLY_ALL = 0.8
# What an item of a numbered list is.
_STEP = frozenset(content_terms("step steps"))
# Sentences that share so many of all their terms say the same of one thing, perhaps with another
# number.
_SAME = 0.5
# A translated question answers only where so much of what it was meant to say, by idf, stands in
# the best sentence, its neighbours and title (docs/quality.md).
_MEANT = {"en": 0.4, "zh": 0.5}
# Of so few words none may be missing.
_FEW_MEANT = 2
# A question so little below the threshold is shown the best sentence with its refusal: of 86 in
# everyday words that were refused, on two collections made up for it, 41 had their answer there.
_NEAR = 3.0
# So much less is asked of a row of the very thing that is asked about: of 180 everyday questions to
# two collections six more are answered, all rightly, and none of those that have no answer.
_NAMED_ROW = 2.0
_LONG_NAME = 3
# Cosine from which a text in another language is taken to answer. Not fitted: no multilingual
# embedder can be measured here; bge-m3 and Qwen3-Embedding give unrelated texts about 0.3 to 0.45.
_NEAR_ACROSS = 0.55


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to answer, and the score behind it (higher: more surely answerable). It is *final*
    where the texts speak of another thing than the one asked about: no other words help. It is
    *near* where so little is missing that who asks should see the best sentence all the same, and
    that says more than the question.
    """

    answerable: bool
    score: float
    final: bool = False
    near: bool = False


class Gate:
    """Decides whether the passages answer a question, by what they and the models say of it."""

    def __init__(self, embedder: ModelCard) -> None:
        self._embedder = embedder

    def judge(
        self, retrieval: Retrieval, best: Sequence[Ranked], told: Sequence[Ranked] = ()
    ) -> Verdict:
        """Return whether the evidence answers the question; *told* is the same in the order in
        which it would be told, if that is another.
        """
        if not best:
            return Verdict(answerable=False, score=-_WIDEST_GAP)
        if self._crosses(retrieval, best[0]):
            nearest = max(float(one.scores.get("dense", 0.0)) for one in retrieval.found)
            return Verdict(nearest >= _NEAR_ACROSS, nearest - _NEAR_ACROSS)
        if _is_of_another(retrieval.question, best) or _lacks_form(retrieval.question, best):
            return Verdict(answerable=False, score=-_WIDEST_GAP, final=True)
        key = retrieval.language
        if retrieval.embedded is not None:
            key = f"{key}/{self._embedder.name}"
        fitted = model(key)
        asked = _without_held_amounts(retrieval, (*told, *best)[0].evidence)
        score = float(fitted.score(measured(asked, best).reshape(1, -1))[0])
        if retrieval.meant and not _says_what_is_meant(retrieval, best):
            return Verdict(answerable=False, score=min(score, fitted.settings["threshold"]))
        threshold = fitted.settings["threshold"]
        if score < threshold and _is_said_otherwise(retrieval, best, score - threshold, told):
            score = threshold
        says_more = not best[0].evidence.features[_AT["single"]]
        is_near = says_more and score >= threshold - _NEAR
        return Verdict(score >= threshold, score, near=is_near)

    def _crosses(self, retrieval: Retrieval, best: Ranked) -> bool:
        """Say whether the answer would come from a text in another language than the question's,
        which an embedder that reads both has found; words say nothing there.
        """
        other = language_of(best.evidence.quote)
        reads_both = retrieval.embedded is not None and self._embedder.reads(other)
        return other != retrieval.language and reads_both


@cache
def model(key: str) -> Linear:
    """Return the gate fitted for *key* (`language/embedder`, or a language)."""
    return load("gate", key, FEATURES)


def measured(retrieval: Retrieval, best: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return the features of the gate, in the order of FEATURES.

    best, gap, mass: score of the best sentence, its lead over the best of another document, and
    the share of all probability that its document holds, with those that say the same: versions of
    one text do not take from each other. window, passage: coverage of the question
    by the best sentence with its neighbours and title, and by its passage. words_…: the same over
    words of two and more characters. numbers_missing: share of the question's numbers that the
    best sentence does not have. late_window_low: late interaction with the best sentence and its
    neighbours, where it is low. names_…: whether names or numbers of the question are missing in
    every sentence, and in the passage. words_near, characters_passage: of a Chinese question, the
    share of its words that one of the three best sentences has with its neighbours and title, and
    of its characters that the passage has. Coverages are shares: the size of a collection is no
    matter.
    """
    first = best[0].evidence
    scores = np.array([one.score for one in best])
    share = np.exp(scores - scores.max())
    agreeing = _agreeing(best)
    own = np.array([one.evidence.found.passage.document_id in agreeing for one in best])
    others = scores[~own]
    gap = min(_WIDEST_GAP, float(scores[0] - others.max())) if len(others) else _WIDEST_GAP
    words = {t: w for t, w in retrieval.weights.items() if len(t) >= _LONG_WORD}
    passage = frozenset(content_terms(first.found.passage.text)) | _title(best)
    window = _neighbours(best) | _title(best)
    return np.array(
        [
            float(scores[0]),
            gap,
            float(share[own].sum() / share.sum()),
            float(first.features[_AT["cov_prev"]]),
            float(first.features[_AT["passage_cov"]]),
            coverage(words, window),
            coverage(words, passage),
            max(float(one.evidence.features[_AT["run"]]) for one in best[:_FIRST]),
            max(float(one.evidence.features[_AT["late"]]) for one in best),
            _numbers_missing(retrieval.question, first.context),
            min(float(first.features[_AT["late_window"]]), _LATE_ENOUGH),
            *_names_missing(retrieval.question, best),
            *_said_in_chinese(retrieval, best),
        ]
    )


def _without_held_amounts(retrieval: Retrieval, first: Evidence) -> Retrieval:
    """Return *retrieval* without the amounts of its question, if the *first* row is of a range that
    they fall into: that holds them, whatever its numbers.
    """
    if not is_row_of_amount(retrieval.question, first.quote, first.header):
        return retrieval
    question = without_amounts(retrieval.question, amounts(retrieval.question))
    left = frozenset(content_terms(question))
    weights = {term: weight for term, weight in retrieval.weights.items() if term in left}
    return replace(retrieval, question=question, weights=weights)


def _is_of_another(question: str, best: Sequence[Ranked]) -> bool:
    """Say whether the best sentence is about another thing of the kind that is asked about, and no
    passage about that.
    """
    passages = {one.evidence.rank: one.evidence.found for one in best}.values()
    everything = "\n".join(f"{_above(found)}\n{found.passage.text}" for found in passages)
    first = best[0].evidence
    if is_of_others(identifiers(question), first.levels):
        return not is_row_of_amount(question, first.quote, first.header)
    return is_of_another(question, f"{first.key}\n{first.context}", everything)


def _is_said_otherwise(
    retrieval: Retrieval, best: Sequence[Ranked], margin: float, told: Sequence[Ranked]
) -> bool:
    """Say whether what misses the threshold by *margin* (below 0) answers all the same."""
    first = (*told, *best)[0].evidence
    if margin >= -_NAMED_ROW and _is_row_of_asked(retrieval.question, first):
        return True
    return retrieval.language == "en" and _says_nearly_all(retrieval, best)


def _is_row_of_asked(question: str, evidence: Evidence) -> bool:
    """Say whether a row of a table is of the very thing that the question names: its code, its
    name, or an amount that falls into its range; or a line of a list of codes.
    """
    if not is_row(evidence.quote):
        return is_called(evidence, identifiers(question))
    name = folded(cells(evidence.quote)[0])
    is_named = len(name) >= _LONG_NAME and name in folded(question)
    has_code = not identifiers(question).isdisjoint(identifiers(name))
    return is_named or has_code or is_row_of_amount(question, evidence.quote, evidence.header)


def _says_nearly_all(retrieval: Retrieval, best: Sequence[Ranked]) -> bool:
    """Say whether one of the best sentences, with what it stands under, says nearly all that the
    question does, and each of its names and numbers.
    """
    asking = asking_terms(retrieval.question)
    weights = {term: weight for term, weight in retrieval.weights.items() if term not in asking}
    for one in (ranked.evidence for ranked in best[:_FIRST]):
        above = _above(one.found)
        held = one.terms.union(content_terms(above))
        if number_of_item(one.quote) is not None:
            held |= _STEP
        is_near = weights and coverage(weights, held) >= _NEARLY_ALL
        if is_near and not missing(retrieval.question, f"{above}\n{one.context}"):
            return True
    return False


def _says_what_is_meant(retrieval: Retrieval, best: Sequence[Ranked]) -> bool:
    """Say whether the best sentence, with its neighbours and title, says enough of a translated
    question, by what its words may be called, and each of its numbers and codes.
    """
    held = _neighbours(best) | _title(best)
    said = [any(way <= held for way in one.ways) for one in retrieval.meant]
    is_short = len(said) <= _FEW_MEANT
    musts = [one.must or is_short for one in retrieval.meant]
    if any(must and not is_said for must, is_said in zip(musts, said, strict=True)):
        return False
    weights = [one.weight for one in retrieval.meant]
    share = sum(w for w, is_said in zip(weights, said, strict=True) if is_said) / sum(weights)
    return share >= _MEANT[retrieval.language]


def _lacks_form(question: str, best: Sequence[Ranked]) -> bool:
    """Say whether a time of day, a day, a telephone number or an address is asked for and none
    stands in the best sentences, nor beside the first.
    """
    first, *others = (one.evidence for one in best[:_FIRST])
    plain = folded(question)
    # A row says all that is to be said of its thing.
    looked = (first,) if first.header is not None else (*_near(first, best), *others)
    texts = (folded(one.context) for one in looked)
    if asks_for_clock(plain):
        return not any(map(holds_clock, texts))
    return lacks_form(plain, texts)


def _above(found: Found) -> str:
    """Return what names a passage: titles, headings, and the file: a title seldom says the year."""
    return f"{title_of(found)} {found.passage.document_name.replace('_', ' ')}"


def _agreeing(best: Sequence[Ranked]) -> frozenset[str]:
    """Return the documents that hold the best sentence, or one in nearly the same words."""
    terms = best[0].evidence.terms
    return frozenset(
        one.evidence.found.passage.document_id
        for one in best
        if one is best[0]
        or len(terms & one.evidence.terms) >= _SAME * len(terms | one.evidence.terms)
    )


def _title(best: Sequence[Ranked]) -> frozenset[str]:
    return frozenset(content_terms(title_of(best[0].evidence.found)))


def _neighbours(best: Sequence[Ranked]) -> frozenset[str]:
    return frozenset().union(*(one.terms for one in _near(best[0].evidence, best)))


def _near(evidence: Evidence, best: Sequence[Ranked]) -> list[Evidence]:
    """Return a sentence and its neighbours, in the order of the text."""
    near = (
        one.evidence
        for one in best
        if one.evidence.rank == evidence.rank
        and abs(one.evidence.position - evidence.position) <= 1
    )
    return sorted(near, key=lambda one: one.position)


def _said_in_chinese(retrieval: Retrieval, best: Sequence[Ranked]) -> tuple[float, float]:
    """Return `words_near` and `characters_passage`; zeros for other questions."""
    if retrieval.language != "zh":
        return 0.0, 0.0
    asked = words_asked(retrieval)
    near = (
        " ".join((title_of(one.evidence.found), *(x.context for x in _near(one.evidence, best))))
        for one in best[:_FIRST]
    )
    found = best[0].evidence.found
    passage = folded(f"{title_of(found)} {found.passage.text}")
    words = max(asked.share_of_words(folded(text)) for text in near)
    return words, asked.share_of_characters(passage)


def _names_missing(question: str, best: Sequence[Ranked]) -> tuple[float, float]:
    """Return whether a name or number of *question* is missing in every sentence of the best
    passage, and in the whole of it; the title belongs to both, and the file's name: a report's
    title seldom says its year.
    """
    first = best[0].evidence
    title = _above(first.found)
    quotes = (one.evidence.context for one in best if one.evidence.rank == first.rank)
    fewest = min(missing(question, f"{title} {quote}") for quote in quotes)
    whole = missing(question, f"{title} {first.found.passage.text}") if fewest else 0
    return float(fewest > 0), float(whole > 0)


def _numbers_missing(question: str, quote: str) -> float:
    asked = numbers(question)
    return len(asked - numbers(quote)) / len(asked) if asked else 0.0
