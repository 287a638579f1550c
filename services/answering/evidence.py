"""Every sentence of the retrieved passages, measured by how well it answers the question."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.answering.question_types import asked_type, holds_type
from services.domain.documents import Span
from services.domain.passages import Found
from services.engine import Embedder
from services.language.normalize import folded
from services.language.sentences import sentences
from services.language.terms import content_terms
from services.retrieval import Retrieval

# Shorter sentences are headings, numbers of lists, ends of lines: they answer nothing.
_SHORTEST = 4
_LONG = 5.0
# With fewer words of its own a sentence only repeats the question.
_FEW_NEW = 2
# Sentences of one question that are embedded, and what a lower rank costs in the choice of them.
_EMBEDDED = 16
_RANK_COST = 0.05
_LIST_MARK = re.compile(r"^(?:[-*•·▪◦‣○●■]|#{1,6}|\(?\d{1,3}[.)、])\s+")

FEATURES = (
    "cov",
    "cov_prev",
    "cov_next",
    "cov_title",
    "passage_cov",
    "relative",
    "rank",
    "log_length",
    "type_new",
    "first",
    "single",
    "run",
    "cos",
    "cos_window",
    "cos_passage",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage: `span` counts in the document's canonical text."""

    found: Found
    rank: int
    position: int
    span: Span
    quote: str
    terms: frozenset[str]
    features: NDArray[np.float64]

    @property
    def text(self) -> str:
        """The sentence as it can stand in an answer: on one line, without a list mark."""
        return _LIST_MARK.sub("", " ".join(self.quote.split()))


class Weigher:
    """Measures the sentences of a retrieval against its question."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def evidence(self, question: str, retrieval: Retrieval, passages: int) -> list[Evidence]:
        """Return every sentence of the first *passages* passages with its features.

        Coverage is the share of the question's terms, weighted by how rare each is in what the
        asker may read (idf). A passage's title counts as context of all of its sentences.
        """
        asked = _Asked(question, retrieval)
        found = list(retrieval.found[:passages])
        cut = [_sentences(one.passage.text) for one in found]
        texts = [
            [one.passage.text[s.start : s.end] for s in spans]
            for one, spans in zip(found, cut, strict=True)
        ]
        cosines = self._cosines(retrieval, texts)
        measured: list[Evidence] = []
        for rank, (one, spans) in enumerate(zip(found, cut, strict=True)):
            passage = _Passage(one, texts[rank], cosines[rank], rank)
            for position, span in enumerate(spans):
                features = asked.features(passage, position)
                start = one.passage.start
                measured.append(
                    Evidence(
                        found=one,
                        rank=rank,
                        position=position,
                        span=Span(start + span.start, start + span.end),
                        quote=texts[rank][position],
                        terms=passage.terms[position],
                        features=features,
                    )
                )
        return measured

    def _cosines(
        self, retrieval: Retrieval, texts: Sequence[Sequence[str]]
    ) -> list[NDArray[np.float64]]:
        """Return the likeness of each sentence to the question, zeros where no model reads it.

        Only the sentences that share most with the question are embedded: the others will not be
        chosen, and a model takes milliseconds for each.
        """
        cosines = [np.zeros(len(one)) for one in texts]
        if retrieval.embedded is None:
            return cosines
        places = [(rank, at) for rank, one in enumerate(texts) for at in range(len(one))]
        shares = {
            (rank, at): coverage(retrieval.weights, frozenset(content_terms(texts[rank][at])))
            - _RANK_COST * rank
            for rank, at in places
        }
        chosen = sorted(places, key=lambda place: -shares[place])[:_EMBEDDED]
        likeness = [
            one.vector for one in self._embedder.embed_passages([texts[r][at] for r, at in chosen])
        ]
        for (rank, at), vector in zip(chosen, likeness, strict=True):
            cosines[rank][at] = float(vector @ retrieval.embedded.vector)
        return cosines


class _Passage:
    """One passage in parts: its sentences' texts, terms and likeness to the question."""

    def __init__(
        self, found: Found, texts: Sequence[str], cosines: NDArray[np.float64], rank: int
    ) -> None:
        self.found = found
        self.texts = texts
        self.cosines = cosines
        self.rank = rank
        self.terms = [frozenset(content_terms(text)) for text in texts]
        above = (found.passage.document_title, *found.passage.headings)
        self.title = frozenset(content_terms(" ".join(above)))
        self.all_terms = frozenset().union(*self.terms) if self.terms else frozenset()


class _Asked:
    """A question with what its features need."""

    def __init__(self, question: str, retrieval: Retrieval) -> None:
        self._language = retrieval.language
        self._plain = folded(question)
        self._kind = asked_type(self._plain, self._language)
        self._weights = retrieval.weights
        self._total = sum(retrieval.weights.values()) or 1.0
        lexical = [one.scores.get("lexical", 0.0) for one in retrieval.found]
        self._best = max(lexical, default=0.0) or 1.0

    def features(self, passage: _Passage, position: int) -> NDArray[np.float64]:
        """Return the features of one sentence, in the order of FEATURES."""
        own, title = passage.terms[position], passage.title
        before = passage.terms[position - 1] if position else frozenset()
        last = position + 1 >= len(passage.terms)
        after = frozenset() if last else passage.terms[position + 1]
        text = passage.texts[position]
        cosines = passage.cosines
        window = cosines[max(0, position - 1) : position + 2]
        return np.array(
            [
                self._share(own),
                self._share(own | before | title),
                self._share(own | after),
                self._share(own | title),
                self._share(passage.all_terms | title),
                passage.found.scores.get("lexical", 0.0) / self._best,
                1 / (1 + passage.rank),
                math.log1p(len(text)) / _LONG,
                self._type_new(text),
                float(position == 0),
                float(len(own - self._weights.keys()) < _FEW_NEW),
                _longest_run(self._plain, folded(text)),
                float(cosines[position]),
                float(window.mean()),
                float(cosines.max(initial=0.0)),
            ]
        )

    def _share(self, held: frozenset[str]) -> float:
        return sum(self._weights[term] for term in held & self._weights.keys()) / self._total

    def _type_new(self, text: str) -> float:
        """Say whether the sentence holds a thing of the asked kind that the question does not."""
        plain = folded(text) if self._language == "zh" else text
        held = holds_type(_without(plain, self._plain), self._kind, self._language)
        return 0.5 if held is None else float(held)


def coverage(weights: Mapping[str, float], held: frozenset[str]) -> float:
    """Return the idf share of the question's terms that *held* covers."""
    total = sum(weights.values())
    return sum(weights[t] for t in held & weights.keys()) / total if total else 0.0


def _sentences(text: str) -> list[Span]:
    return [span for span in sentences(text) if span.end - span.start >= _SHORTEST]


def _without(text: str, question: str) -> str:
    """Return *text* without the words that the question says itself."""
    words = [re.escape(word) for word in re.findall(r"[A-Za-z0-9]+|[\u4e00-\u9fff]{2,}", question)]
    if not words:
        return text
    pattern = r"|".join(rf"\b{word}\b" if word.isascii() else word for word in words)
    return re.sub(pattern, " ", text, flags=re.IGNORECASE)


def _longest_run(question: str, text: str) -> float:
    """Return the length of the longest run of characters in both, up to 8, as a share of 8."""
    best = 0
    for size in range(2, 9):
        runs = {question[i : i + size] for i in range(len(question) - size + 1)}
        if not any(run in text for run in runs if " " not in run and run.isalnum()):
            break
        best = size
    return best / 8
