"""Counts and times for Prometheus; no text of documents or questions."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from services.domain.answers import Answer

registry = CollectorRegistry()
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_running = Gauge("footnote_questions_running", "Questions being answered.", registry=registry)
_seconds = Histogram(
    "footnote_answer_seconds", "Time to a whole answer.", buckets=_SECONDS, registry=registry
)
_answers = Counter("footnote_answers", "Answers given.", ["answered"], registry=registry)
_tokens = Counter("footnote_tokens", "Tokens by kind.", ["kind"], registry=registry)
_kept = Counter("footnote_answers_kept", "Answers given again as they were.", registry=registry)
_answers_alone = Gauge(
    "footnote_answer_store_left_alone", "1 while Redis is not asked for answers.", registry=registry
)
_budgets_alone = Gauge(
    "footnote_budgets_left_alone",
    "1 while Redis is not asked for budgets, and each process counts alone.",
    registry=registry,
)
_documents = Gauge("footnote_passages", "Passages that can be found.", registry=registry)


@contextmanager
def answering() -> Iterator[None]:
    """Count a question while it is being answered, and its time."""
    began = time.monotonic()
    _running.inc()
    try:
        yield
    finally:
        _running.dec()
        _seconds.observe(time.monotonic() - began)


def answered(answer: Answer, *, again: bool) -> None:
    """Count an answer and its tokens, or that a kept one was given *again*."""
    _answers.labels(answered=str(answer.answered).lower()).inc()
    if again:
        _kept.inc()
        return
    _tokens.labels(kind="prompt").inc(answer.usage.prompt_tokens)
    _tokens.labels(kind="completion").inc(answer.usage.completion_tokens)
    _tokens.labels(kind="cached").inc(answer.usage.cached_tokens)


def page(
    passages: int, engine: Mapping[str, float], *, answers_alone: bool, budgets_alone: bool
) -> bytes:
    """Return all metrics in Prometheus' text format, those of the *engine* by their own names."""
    _documents.set(passages)
    _answers_alone.set(answers_alone)
    _budgets_alone.set(budgets_alone)
    return generate_latest(registry) + generate_latest(_engine_registry(engine))


def _engine_registry(figures: Mapping[str, float]) -> CollectorRegistry:
    collected = CollectorRegistry()
    for name, value in figures.items():
        Gauge(f"footnote_engine_{name}", _told(name), registry=collected).set(value)
    return collected


def _told(name: str) -> str:
    return f"{name.replace('_', ' ')} (docs/engine.md)".capitalize()
