"""The one path from a question to passages."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.domain.documents import Standing
from services.domain.passages import AnalysedPassage, Found, Passage
from services.domain.scope import Scope
from services.engine import Embedded
from services.language.courtesy import bare_question
from services.language.glossing import glossed
from services.language.normalize import language_of
from services.registry.collections import Collections
from services.registry.passages import Passages
from services.retrieval import Query, Retrieval
from services.retrieval.across import Across, joined
from services.retrieval.leaning import leans, names_another
from services.retrieval.legs import CANDIDATES, Candidates, Legs, Stored, Tokens, content_of
from services.retrieval.reranking import Reranking
from services.retrieval.scoring import features, ranked
from services.retrieval.standalone import speaks_across, standalone, views
from services.retrieval.table_beginnings import with_beginnings

# Of texts in the other language: half as many candidates.
_ACROSS = CANDIDATES // 2
# So much does a word weigh that only the question before a follow-up has.
_OF_BEFORE = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """What one view of a question found."""

    candidates: Candidates
    stored: Stored
    tokens: Tokens
    measured: Mapping[str, NDArray[np.float64]]
    scores: Mapping[int, float]


class Retriever:
    """Finds the passages that a question needs."""

    def __init__(
        self,
        legs: Legs,
        passages: Passages,
        collections: Collections,
        reranking: Reranking | None = None,
        keep_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._legs = legs
        self._across = None if legs.reads_both else Across(legs.words)
        self._passages = passages
        self._collections = collections
        self._reranking = reranking
        self._keep_up = keep_up

    def search(self, query: Query, scope: Scope, limit: int) -> Retrieval:
        """Return up to *limit* passages of *scope*, best first.

        A question in a conversation is looked for in several views, whose scores add up. Where the
        embedder does not read both languages, texts in the other one are found by its translation.
        """
        started = time.perf_counter()
        self._keep_up()
        asked = bare_question(query.text)
        seen = [(view.weight, self.look(view.text, scope)) for view in views(asked, query.history)]
        # Sentences are measured against the view that stands alone.
        question = standalone(asked, query.history)
        main = seen[0][1] if question == asked else seen[1][1]
        own = self._ranked(question, main.candidates, seen, scope, limit)
        if question != asked:
            own = after(asked, own)
        sides = [own]
        if question != asked and (not leans(asked) or names_another(asked)):
            alone = self._ranked(asked, seen[0][1].candidates, seen[:1], scope, limit)
            sides.insert(int(leans(asked)), alone)
        if (other_words := self._in_other_words(question, scope, limit)) is not None:
            sides.append(other_words)
        found = own
        # A translated follow-up says little of what it speaks.
        crosses = question == asked or speaks_across(query.history, own.language)
        other = self._in_other_language(question, main, scope, limit) if crosses else None
        if other is not None:
            sides.append(other)
            found = joined(own, other, limit)
        return replace(
            found,
            sides=tuple(sides) if len(sides) > 1 else (),
            instructions=self._instructions(scope, found.found),
            trace={
                **found.trace,
                "milliseconds": round((time.perf_counter() - started) * 1000, 2),
            },
        )

    def _ranked(
        self,
        question: str,
        main: Candidates,
        seen: Sequence[tuple[float, Seen]],
        scope: Scope,
        limit: int,
    ) -> Retrieval:
        """Return what several views found together, *question* being that of the *main* one."""
        depth = max(limit, self._reranking.depth if self._reranking else 0)
        looks, low_trust = [view for _, view in seen], scope.low_trust
        found = [
            Found(
                one.passage,
                score,
                _scores(looks, one.passage.id),
                also_in,
                one.passage.collection_id in low_trust,
            )
            for one, score, also_in in collapsed(_summed(seen), depth)
        ]
        if self._reranking is not None:
            found = self._reranking.reranked(question, main.language, found)
        found = with_beginnings(found[:limit], self._passages, scope)
        tokens = {number: packed for view in looks for number, packed in view.tokens.items()}
        return Retrieval(
            question=question,
            language=main.language,
            found=found,
            embedded=main.question,
            tokens={f.passage.id: tokens[f.passage.id] for f in found if f.passage.id in tokens},
            idf=main.idf,
            weights={term: main.idf[term] for term in main.content},
            embedding_s=sum(view.candidates.embedding_s for view in looks),
            trace={
                "question": question,
                "views": len(seen),
                **_trace(main, found),
            },
        )

    def _in_other_words(self, question: str, scope: Scope, limit: int) -> Retrieval | None:
        """Return what a Chinese *question* finds in words that the texts have; None where it has
        those itself, or the embedder reads Chinese: it knows what means the same.
        """
        if self._across is None:
            return None
        told = self._across.reworded(question, scope, lambda ids: self._stored(scope, ids)[0])
        if told is None:
            return None
        seen = self.look(told, scope)
        return self._ranked(told, seen.candidates, [(1.0, seen)], scope, limit)

    def _in_other_language(
        self, question: str, own: Seen, scope: Scope, limit: int
    ) -> Retrieval | None:
        """Return what *question* finds in the other language, beside what it found in its *own*;
        None where there is nothing, or the embedder reads both.
        """
        if self._across is None:
            return None
        translated = self._across.translated(
            question, scope, lambda ids: self._stored(scope, ids)[0], own.stored
        )
        if translated is None:
            return None
        main, seen = self._across_by_meaning(question, own, translated.text, scope)
        if not seen.scores:
            return None
        found = self._ranked(translated.text, main, [(1.0, seen)], scope, limit)
        return replace(found, meant=translated.meant)

    def _across_by_meaning(
        self, question: str, own: Seen, translated: str, scope: Scope
    ) -> tuple[Candidates, Seen]:
        """Return the *translated* question, by which sentences are measured, and what is found by
        it: an English question is compared with what the words of Chinese texts mean, and what
        those of a Chinese one mean with English texts.
        """
        language = language_of(question)
        if language == "en":
            seen = self.look(translated, scope, own.candidates.question, _ACROSS)
            return seen.candidates, in_other_language(seen, language)
        told = (self._legs.reads("en") and glossed(question)) or translated
        seen = self.look(told, scope, most=_ACROSS)
        return self._legs.bare(translated, scope), in_other_language(seen, language)

    def look(
        self,
        text: str,
        scope: Scope,
        meaning: Embedded | None = None,
        most: int = CANDIDATES,
    ) -> Seen:
        """Return what one view of a question finds in *scope*; *meaning* is the same in the
        language that glossed passages are put into.
        """
        candidates, stored, tokens = self._legs.search(
            text, scope, partial(self._stored, scope), meaning, most
        )
        measured = features(text, candidates, stored, tokens)
        return Seen(candidates, stored, tokens, measured, ranked(candidates, stored, measured))

    def _stored(self, scope: Scope, ids: Sequence[int]) -> tuple[Stored, Tokens]:
        """Return the passages themselves and their token vectors. What was deleted since it was
        indexed is not among them: the registry is the truth.
        """
        return self._passages.analysed(scope, ids, self._legs.embedder_name)

    def stand(self, scope: Scope, passages: Collection[int]) -> bool:
        """Say whether all *passages* are still there for *scope*."""
        return len(self._passages.by_ids(scope, list(passages))) == len(passages)

    def standing(self, scope: Scope) -> Standing:
        """Return how far the documents are that *scope* may ask."""
        return self._collections.standing(scope)

    def _instructions(self, scope: Scope, found: Sequence[Found]) -> str:
        """Return the instructions of the collections that the passages come from."""
        used = {one.passage.collection for one in found}
        told = (one.instructions for one in self._collections.of_scope(scope) if one.name in used)
        return "\n".join(filter(None, told))


def _trace(candidates: Candidates, found: Sequence[Found]) -> dict[str, object]:
    """Return what a person may want to know of how passages were found."""
    same = {one.passage.id: [copy.id for copy in one.also_in] for one in found if one.also_in}
    return {
        "language": candidates.language,
        "terms": list(candidates.terms),
        "candidates": len(candidates.ids),
        "dense": candidates.question is not None,
        "reranked": sum("rerank" in one.scores for one in found),
        "same_words": same,
    }


def collapsed(
    ranked_passages: Iterable[tuple[AnalysedPassage, float]], limit: int
) -> list[tuple[AnalysedPassage, float, tuple[Passage, ...]]]:
    """Return the first *limit* passages of different words, each with those of the same words.

    The same words: after simplification, stemming, without case, width and punctuation. A passage
    that differs in one name or number stays: it may contradict the other.
    """
    kept: dict[str, tuple[AnalysedPassage, float]] = {}
    same: dict[str, list[Passage]] = defaultdict(list)
    for one, score in ranked_passages:
        if one.body_terms in kept:
            same[one.body_terms].append(one.passage)
        elif len(kept) < limit:
            kept[one.body_terms] = (one, score)
    return [(one, score, tuple(same[words])) for words, (one, score) in kept.items()]


def after(turn: str, found: Retrieval) -> Retrieval:
    """Return what a follow-up *found* together with the question before it: the words of that one
    weigh less.
    """
    said = content_of(turn)
    idf = {t: w if t in said else w * _OF_BEFORE for t, w in found.idf.items()}
    return replace(found, turn=turn, idf=idf, weights={t: idf[t] for t in found.weights})


def in_other_language(seen: Seen, language: str) -> Seen:
    """Return *seen* with the scores of those passages alone that are not in *language*."""
    kept = {
        number: score
        for number, score in seen.scores.items()
        if language_of(seen.stored[number].passage.text) != language
    }
    return replace(seen, scores=kept, stored={number: seen.stored[number] for number in kept})


def _summed(seen: Sequence[tuple[float, Seen]]) -> list[tuple[AnalysedPassage, float]]:
    """Return all passages by the weighted sum of their scores; a view that did not find one
    counts its lowest score for it.
    """
    passages = {number: one for _, view in seen for number, one in view.stored.items()}
    floors = [min(view.scores.values(), default=0.0) for _, view in seen]
    sums = {
        number: sum(
            weight * view.scores.get(number, floor)
            for (weight, view), floor in zip(seen, floors, strict=True)
        )
        for number in passages
    }
    order = sorted(sums, key=lambda number: (-sums[number], number))
    return [(passages[number], sums[number]) for number in order]


def _scores(seen: Sequence[Seen], number: int) -> dict[str, float]:
    """Return what the first view that found a passage says of it, feature by feature."""
    view = next(one for one in seen if number in one.scores)
    at = view.candidates.ids.index(number)
    return {name: round(float(row[at]), 6) for name, row in view.measured.items()}
