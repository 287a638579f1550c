"""Footnote with the calls that its peer has: the very retriever and answerer of the service."""

import time

from bench.quality.collect import Bench
from services.answering import AnswerEvent
from services.answering.answerer import Answerer, Limits
from services.domain.answers import Answer, Question, Sampling, Turn
from services.retrieval import Query
from services.settings import Settings

# A figure of quality is not cut short by a slow machine.
_NO_HURRY_S = 3600.0


class FootnotePipeline:
    """The collections of a data folder, asked without a service around them."""

    def __init__(self, bench: Bench) -> None:
        settings = Settings.load()
        self._bench = bench
        self._answerer = Answerer(
            bench.retriever,
            bench.generator,
            bench.embedder,
            Limits(settings.passages_per_answer, settings.prompt_tokens, writes_well=False),
        )

    def search(
        self, collection: str, question: str, history: tuple[Turn, ...], limit: int
    ) -> tuple[list[str], float]:
        """Return the ids of the documents found, and the seconds that it took."""
        began = time.perf_counter()
        scope = self._bench.scope(collection)
        found = self._bench.retriever.search(Query(question, history), scope, limit).found
        seconds = time.perf_counter() - began
        return list(dict.fromkeys(one.passage.source_id for one in found)), seconds

    def ask(
        self, collection: str, question: str, history: tuple[Turn, ...], most_tokens: int
    ) -> Answer:
        """Return the answer."""
        sampling = Sampling(max_tokens=most_tokens)
        asked = Question(question, history, sampling, deadline_s=_NO_HURRY_S)
        scope = self._bench.scope(collection)
        *_, last = self._answerer.answer(asked, scope, lambda: False, 0.0)
        if not isinstance(last, AnswerEvent):
            message = "An answer ends with its answer."
            raise TypeError(message)
        return last.answer
