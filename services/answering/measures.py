"""How well a sentence of a passage answers a question, number by number."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.answering.question_types import asked_type, holds_type
from services.domain.passages import Found
from services.language.normalize import folded
from services.language.question_words import QuestionWords, question_words
from services.language.terms import content_terms
from services.retrieval import Retrieval

FEATURES = (
    "cov",
    "cov_prev",
    "cov_next",
    "cov_title",
    "cov_rest",
    "passage_cov",
    "relative",
    "rank",
    "log_length",
    "type_new",
    "first",
    "single",
    "run",
    "late",
    "late_window",
    "late_passage",
    "when_new",
    "likeness",
    "characters",
    "characters_near",
)
_LONG = 5.0
_NOTHING_LEFT = 0.5
# With fewer words of its own a sentence only repeats the question.
_FEW_NEW = 2
_DATED = re.compile(r"[A-Z][\w'’-]*\d[\w'’-]*|\d[\d,.]*")
# Of each sentence of a passage: its best tokens, those of its neighbours too, and as a whole.
Likeness: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


class Parts:
    """One passage in parts: its sentences' texts, terms and likeness to the question."""

    def __init__(
        self,
        found: Found,
        rank: int,
        texts: Sequence[str],
        headers: Sequence[str | None],
        likeness: Likeness,
    ) -> None:
        self.found = found
        self.rank = rank
        self.texts = texts
        self.late, self.late_window, self.whole = likeness
        self.terms = [
            frozenset(content_terms(f"{header or ''} {text}"))
            for header, text in zip(headers, texts, strict=True)
        ]
        self.plain = [folded(text) for text in texts]
        self.plain_headers = [folded(header or "") for header in headers]
        above = title_of(found)
        self.title, self.plain_title = frozenset(content_terms(above)), folded(above)
        self.all_terms = frozenset().union(*self.terms) if self.terms else frozenset()


class Asked:
    """A question with what its features need."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._language = retrieval.language
        self._plain = folded(retrieval.question)
        self._kind = _asked_type(retrieval)
        self._weights = retrieval.weights
        self._total = sum(retrieval.weights.values()) or 1.0
        self._words = words_asked(retrieval)
        lexical = [one.scores.get("lexical", 0.0) for one in retrieval.found]
        self._best = max(lexical, default=0.0) or 1.0

    def features(self, passage: Parts, position: int) -> NDArray[np.float64]:
        """Return the features of one sentence, in the order of FEATURES.

        Coverage is the share of the question's terms, weighted by how rare each is in what the
        asker may read (idf). A passage's title counts as context of all of its sentences.
        """
        own, title = passage.terms[position], passage.title
        before = passage.terms[position - 1] if position else frozenset()
        last = position + 1 >= len(passage.terms)
        after = frozenset() if last else passage.terms[position + 1]
        text = passage.texts[position]
        return np.array(
            [
                self._share(own),
                self._share(own | before | title),
                self._share(own | after),
                self._share(own | title),
                self._rest(own, title),
                self._share(passage.all_terms | title),
                passage.found.scores.get("lexical", 0.0) / self._best,
                1 / (1 + passage.rank),
                math.log1p(len(text)) / _LONG,
                self._type_new(passage.plain[position] if self._language == "zh" else text),
                float(position == 0),
                float(len(own - self._weights.keys()) < _FEW_NEW),
                _longest_run(self._plain, passage.plain[position]),
                float(passage.late[position]),
                float(passage.late_window[position]),
                passage.found.scores.get("late", 0.0),
                self._when_new(text),
                float(passage.whole[position]),
                *self._characters(passage, position),
            ]
        )

    def _share(self, held: frozenset[str]) -> float:
        return sum(self._weights[term] for term in held & self._weights.keys()) / self._total

    def _rest(self, own: frozenset[str], title: frozenset[str]) -> float:
        """Return the share of what the title leaves open that the sentence covers."""
        left = {term: weight for term, weight in self._weights.items() if term not in title}
        return coverage(left, own) if left else _NOTHING_LEFT

    def _type_new(self, text: str) -> float:
        """Say whether the sentence holds a thing of the asked kind that the question does not."""
        held = holds_type(_without(text, self._plain), self._kind, self._language)
        return 0.5 if held is None else float(held)

    def _when_new(self, text: str) -> float:
        """Say whether a question for a time meets a number in *text* that it does not say."""
        return float(
            self._kind == "when"
            and any(folded(one) not in self._plain for one in _DATED.findall(text))
        )

    def _characters(self, passage: Parts, position: int) -> tuple[float, float]:
        """Return the share of a Chinese question's characters that the sentence has with its title,
        and with its neighbours too; zeros for other questions.
        """
        if self._language != "zh":
            return 0.0, 0.0
        above = f"{passage.plain_title} {passage.plain_headers[position]}"
        near = " ".join(passage.plain[max(0, position - 1) : position + 2])
        return (
            self._words.share_of_characters(f"{above} {passage.plain[position]}"),
            self._words.share_of_characters(f"{above} {near}"),
        )


def _asked_type(retrieval: Retrieval) -> str:
    """Return what is asked for: by a follow-up itself, or by the question before it."""
    own = asked_type(folded(retrieval.turn), retrieval.language)
    return own if own != "other" else asked_type(folded(retrieval.question), retrieval.language)


def words_asked(retrieval: Retrieval) -> QuestionWords:
    """Return the words and characters of the question of *retrieval*."""
    return question_words(retrieval.question, retrieval.weights)


def title_of(found: Found) -> str:
    """Return what stands above a passage: its document's title and headings."""
    return " ".join((found.passage.document_title, *found.passage.headings))


def coverage(weights: Mapping[str, float], held: frozenset[str]) -> float:
    """Return the idf share of the question's terms that *held* covers."""
    total = sum(weights.values())
    return sum(weights[t] for t in held & weights.keys()) / total if total else 0.0


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
