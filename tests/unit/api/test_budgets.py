"""Budgets end."""

import pytest

from services.api.limits_budgets import Budgets, Spans
from services.domain.errors import BusyError


def test_what_was_used_ends_a_budget_also_where_less_was_left() -> None:
    budgets = Budgets(Spans(tokens="1000/day"))

    for _ in range(4):
        budgets.check("tokens", "key:a")
        budgets.note("tokens", "key:a", 300)

    with pytest.raises(BusyError, match="1000 tokens"):
        budgets.check("tokens", "key:a")
    budgets.check("tokens", "key:b")


def test_one_answer_may_use_more_than_all_of_a_budget() -> None:
    budgets = Budgets(Spans(tokens="100/day"))

    budgets.note("tokens", "key:a", 5000)
    budgets.note("tokens", "key:a", 5)

    with pytest.raises(BusyError):
        budgets.check("tokens", "key:a")
