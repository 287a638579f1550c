"""Who is refused again and again."""

from services.api.refusal_pace import RefusalPace


def test_a_burst_is_refused_at_once_and_a_flood_is_held_back() -> None:
    pace = RefusalPace()

    burst = [pace.pause_s("key:a") for _ in range(400)]
    flood = [pace.pause_s("key:a") for _ in range(100)]

    assert set(burst) == {0.0}
    assert flood.count(1.0) >= 95
    assert pace.pause_s("key:b") == 0.0


def test_who_waits_is_refused_at_once_again() -> None:
    now = 1000.0
    pace = RefusalPace(lambda: now)
    for _ in range(500):
        pace.pause_s("key:a")
    assert pace.pause_s("key:a") == 1.0

    now += 2

    assert pace.pause_s("key:a") == 0.0
