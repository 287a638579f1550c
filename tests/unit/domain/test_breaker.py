"""What has failed is left alone, and tried again after a rest."""

import time

from services.breaker import Breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(60, failures=3)

    breaker.failed()
    breaker.failed()
    breaker.worked()
    breaker.failed()
    breaker.failed()
    assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open


def test_after_its_rest_one_is_tried_and_opens_it_again() -> None:
    breaker = Breaker(0.2, failures=2)

    breaker.failed()
    breaker.failed()
    told = [breaker.is_open]
    time.sleep(0.25)
    told.append(breaker.is_open)
    breaker.failed()

    assert [*told, breaker.is_open] == [True, False, True]
