"""One score for each candidate from what the legs, its tokens and its title say of it."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.engine import Embedded
from services.engine.token_vectors import bytes_a_row, likeness
from services.language.question_words import question_words
from services.language.terms import stem, stop_words, terms
from services.retrieval.legs import Candidates, Stored, Tokens
from services.retrieval.titles import as_phrase, phrases, title_terms
from services.retrieval.whole import whole

_WORD = re.compile(r"[^\W_]+")
_PUNCTUATION_IDF = 0.5
_WEIGHTS = Path(__file__).with_name("scoring.json")
# For a language that the fitted embedder does not read and another one does: as much as words may
# reach. Not fitted: no such embedder can be measured here. What words mean in another language:
# of 0 to 8 the best on xquad-xling and faq-xling.
_UNFITTED = {"dense": 1.0, "glossed": 4.0}
# How far the best documents' mentions of other titles count.
_LINKING = (1.0, 0.7, 0.5)
# What 32-bit sums over token vectors are equal to, wherever the vectors lie in memory.
_DIGITS = 6


@cache
def weights(language: str) -> dict[str, float]:
    """Return the fitted weights for questions in *language*."""
    stored = json.loads(_WEIGHTS.read_text(encoding="utf-8"))["languages"]
    return {**_UNFITTED, **stored[language if language in stored else "en"]}


def features(
    question: str, candidates: Candidates, stored: Stored, tokens: Tokens
) -> dict[str, NDArray[np.float64]]:
    """Return each feature as a row over `candidates.ids`, all about between 0 and 1.

    late: idf-weighted mean over the question's tokens of the best cosine to a token of the passage
    (MaxSim; Khattab and Zaharia 2020). pairs: share of neighbouring question words that stand side
    by side in the text. words: the share of a Chinese question's words, by idf, that stand in title
    or text. title_phrase: whether the question says the document's title.
    """
    ids = candidates.ids
    titles = [stored[number].passage.document_title if number in stored else "" for number in ids]
    asked = as_phrase(question)
    named = [bool(one) and f" {one} " in asked for one in phrases(titles)]
    measured = {
        "lexical": _row(candidates.lexical, ids),
        "title": _row(candidates.title, ids) / _shared(titles),
        "whole": whole(candidates, stored),
        "dense": _row(candidates.dense, ids),
        "glossed": _row(candidates.glossed, ids),
        "late": _late(question, candidates, tokens),
        "pairs": _pairs(question, candidates, stored),
        "words": _words(question, candidates, stored),
        "title_phrase": np.array(named, np.float64),
        "title_terms": np.array(title_terms(question, _named(candidates, stored)), np.float64),
    }
    so_far = _weighted(measured, candidates)
    return measured | {"link": links(candidates, stored, so_far)}


def ranked(
    candidates: Candidates, stored: Stored, measured: Mapping[str, NDArray[np.float64]]
) -> dict[int, float]:
    """Return the score of each stored candidate, by falling score; equal ones as they came in."""
    score = np.round(_weighted(measured, candidates), _DIGITS)
    ids = candidates.ids
    order = np.lexsort((np.array(ids, np.int64), -score))
    return {ids[i]: float(score[i]) for i in order if ids[i] in stored}


def _weighted(
    measured: Mapping[str, NDArray[np.float64]], candidates: Candidates
) -> NDArray[np.float64]:
    factors = weights(candidates.language)
    return sum(
        (factors[name] * row for name, row in measured.items() if factors.get(name)),
        np.zeros(len(candidates.ids)),
    )


def _row(scores: Mapping[int, float], ids: Sequence[int]) -> NDArray[np.float64]:
    return np.array([scores.get(number, 0.0) for number in ids], np.float64)


def _named(candidates: Candidates, stored: Stored) -> list[str]:
    """Return each candidate's title and file name: a report's title seldom says its year."""
    passages = (stored[n].passage if n in stored else None for n in candidates.ids)
    return [f"{one.document_title} {one.document_name}" if one else "" for one in passages]


def _shared(titles: Sequence[str]) -> NDArray[np.float64]:
    """Return for each title how many candidates have it: one that all share tells nothing apart."""
    often = Counter(titles)
    return np.array([float(often[title]) for title in titles])


def _late(text: str, candidates: Candidates, tokens: Tokens) -> NDArray[np.float64]:
    question = candidates.question
    scores = np.zeros(len(candidates.ids))
    if question is None or not len(question.tokens):
        return scores
    held = [(i, tokens[number]) for i, number in enumerate(candidates.ids) if number in tokens]
    if held:
        best = best_likenesses(question.tokens, [packed for _, packed in held])
        scores[[i for i, _ in held]] = token_weights(text, question, candidates.idf) @ best
    return scores


def best_likenesses(
    asked: NDArray[np.int8], passages: Sequence[tuple[bytes, int]]
) -> NDArray[np.floating[Any]]:
    """Return, for each of the question's tokens *asked* (n, width), its best cosine to a token of
    each of the *passages* (m, packed token vectors and their width): (n, m).
    """
    counts = [len(packed) // bytes_a_row(width) for packed, width in passages]
    found = likeness(asked, b"".join(packed for packed, _ in passages))
    starts = np.concatenate([[0], np.cumsum(counts[:-1], dtype=np.int64)])
    best: NDArray[np.floating[Any]] = np.maximum.reduceat(found, starts, axis=1)
    return best


def token_weights(text: str, question: Embedded, idf: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the weight of each of the question's tokens, summing to 1.

    The square root of the idf of the word that the token is a piece of; *text* is the question.
    """
    rarest = max(idf.values(), default=1.0)
    worth = np.full(len(text) + 1, _PUNCTUATION_IDF)
    for word in _WORD.finditer(text):
        worth[word.start() : word.end()] = idf.get(stem(word[0].lower()), rarest)
    raw = np.sqrt([worth[start] for start, _ in question.spans])
    return raw / (raw.sum() or 1.0)


def _pairs(question: str, candidates: Candidates, stored: Stored) -> NDArray[np.float64]:
    words, stops = terms(question), stop_words()
    pairs = {
        f" {one} {other} "
        for one, other in itertools.pairwise(words)
        if one not in stops or other not in stops
    }
    if not pairs:
        return np.zeros(len(candidates.ids))
    texts = [f" {stored[n].body_terms} " if n in stored else "" for n in candidates.ids]
    return np.array([sum(pair in text for pair in pairs) / len(pairs) for text in texts])


def _words(question: str, candidates: Candidates, stored: Stored) -> NDArray[np.float64]:
    if candidates.language != "zh":
        return np.zeros(len(candidates.ids))
    asked = question_words(question, candidates.idf)
    analysed = (stored.get(number) for number in candidates.ids)
    texts = (f" {one.title_terms} {one.body_terms} " if one else "" for one in analysed)
    return np.array([asked.share_of_terms(text) for text in texts])


def links(
    candidates: Candidates, stored: Stored, score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much the best documents speak of each candidate's title: the second hop."""
    ids = candidates.ids
    named = phrases([stored[n].passage.document_title if n in stored else "" for n in ids])
    best: list[tuple[str, str]] = []
    for i in np.argsort(-score, kind="stable"):
        if ids[i] in stored and stored[ids[i]].passage.document_id not in {d for d, _ in best}:
            passage = stored[ids[i]].passage
            best.append((passage.document_id, as_phrase(passage.text)))
        if len(best) == len(_LINKING):
            break
    links = np.zeros(len(ids))
    for i, phrase in enumerate(named):
        if not phrase:
            continue
        own = stored[ids[i]].passage.document_id
        links[i] = max(
            (
                factor
                for factor, (document, text) in zip(_LINKING, best, strict=False)
                if document != own and f" {phrase} " in text
            ),
            default=0.0,
        )
    return links
