"""Answers and budgets in a real Redis."""

import threading

import anyio
import pytest
import redis

from services.api.limits_budgets import Budgets, Spans
from services.api.state import Service
from services.cache import AnswerKey
from services.cache.redis_answers import RedisAnswers
from services.domain.errors import BusyError
from services.settings import Settings


def test_what_could_not_be_forgotten_is_forgotten_before_anything_else(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = RedisAnswers(redis_url, "secret", 60)
    key = AnswerKey("owed")
    answers.keep(key, b"Leave is 26 days.")
    assert answers.find(key) == b"Leave is 26 days."

    monkeypatch.setattr(RedisAnswers, "is_left_alone", True)
    answers.forget()
    monkeypatch.undo()
    raw = redis.Redis.from_url(redis_url)
    assert list(raw.scan_iter("footnote:answer:*"))

    assert answers.find(AnswerKey("another")) is None
    assert not list(raw.scan_iter("footnote:answer:*"))


def test_who_is_refused_by_redis_is_told_when_redis_has_more(redis_url: str) -> None:
    budgets = Budgets(Spans(questions="1/minute"), redis_url)
    budgets.spend("questions", "key:told")

    with pytest.raises(BusyError) as told:
        budgets.spend("questions", "key:told")

    assert 50 <= told.value.retry_after_s <= 61
    assert not budgets.is_redis_left_alone


@pytest.mark.parametrize("budget", ["5/minute", ""])
def test_who_counts_in_redis_does_not_hold_up_the_others(redis_url: str, budget: str) -> None:
    service = Service(Settings.load(redis_url=redis_url, budget_questions=budget))

    thread = anyio.run(service.counted, threading.get_ident)

    assert (thread != threading.get_ident()) is bool(budget)
