"""The size of the next chunk of a prompt."""

from services.engine.pacing import Pace


def taught() -> Pace:
    pace = Pace(512)
    for _ in range(20):
        pace.learn(4, 0, 0.040)
        pace.learn(4, 16, 0.040 + 16 * 0.002)
    return pace


def test_a_prompt_does_not_hold_up_those_who_read_along() -> None:
    chunk = taught().chunk(4, reading=1)

    assert 0.040 + chunk * 0.002 <= 2 * 0.040


def test_without_readers_a_chunk_takes_half_a_second() -> None:
    assert 240 <= taught().chunk(0, reading=1) <= 260


def test_a_queue_is_read_in_chunks_that_fill_the_processor() -> None:
    assert taught().chunk(4, reading=5) == 128


def test_a_queue_may_take_a_step_that_nobody_sees() -> None:
    pace = Pace(2048)
    for _ in range(20):
        pace.learn(4, 0, 0.003)
        pace.learn(4, 200, 0.003 + 200 * 0.00005)

    assert 0.003 + pace.chunk(4, reading=1) * 0.00005 <= 2 * 0.003
    assert 0.02 <= 0.003 + pace.chunk(4, reading=5) * 0.00005 <= 0.0251


def test_a_step_that_was_held_up_says_little() -> None:
    pace = taught()
    pace.learn(4, 0, 5.0)

    assert pace.chunk(4, reading=1) < 40


def test_beside_streams_of_which_nothing_is_known_nothing_is_read_for_a_step() -> None:
    pace = Pace(512)
    pace.learn(0, 512, 0.8)

    assert pace.chunk(1, reading=15) == 0
    pace.learn(1, 0, 0.010)
    assert pace.chunk(1, reading=15) == 128
    assert pace.chunk(2, reading=15) == 128
    # What one stream takes says little of what nine take.
    assert pace.chunk(9, reading=1) == 0
    pace.learn(9, 0, 0.080)
    assert 30 <= pace.chunk(9, reading=1) <= 45
    assert pace.chunk(12, reading=1) == pace.chunk(9, reading=1)
    assert pace.chunk(3, reading=1) == 0


def test_a_prompt_that_is_the_first_ever_read_comes_in_a_part_that_is_not_long() -> None:
    pace = Pace(512)
    pace.learn(4, 0, 0.040)

    assert pace.chunk(4, reading=1) == 128
    pace.learn(4, 128, 0.040 + 128 * 0.002)
    assert pace.chunk(4, reading=1) == 16
