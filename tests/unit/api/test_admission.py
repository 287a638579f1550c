"""Room for questions."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from services.api.admission import Admission
from services.domain.errors import BusyError, DeadlineError


async def hold(admission: Admission, owner: str, log: list[str], release: anyio.Event) -> None:
    try:
        async with admission.place(owner) as place:
            log.extend([f"{owner} behind {ahead}" async for ahead in place.turn(5)])
            log.append(f"{owner} begins")
            await release.wait()
    except BusyError:
        log.append(f"{owner} refused")


def run(act: Callable[[], Awaitable[None]]) -> None:
    anyio.run(act)


def test_one_too_many_is_refused_at_once() -> None:
    async def act() -> None:
        admission, release = Admission(running=1, waiting=1), anyio.Event()
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(hold, admission, "a", [], release)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(BusyError):
                admission.refuse_if_full("a")
            release.set()
        assert admission.inside == 0

    run(act)


def test_a_turn_that_comes_too_late_is_told() -> None:
    async def act() -> None:
        admission, release = Admission(running=1, waiting=1), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold, admission, "a", [], release)
            await anyio.wait_all_tasks_blocked()
            async with admission.place("b") as place:
                with pytest.raises(DeadlineError):
                    [ahead async for ahead in place.turn(0.01)]
            release.set()
        assert admission.inside == 0

    run(act)


def test_turns_go_round_between_owners_and_each_knows_how_many_are_ahead() -> None:
    async def act() -> None:
        admission, release, log = Admission(running=1, waiting=9), anyio.Event(), list[str]()
        async with anyio.create_task_group() as tasks:
            for owner in ("a", "a", "a", "b"):
                tasks.start_soon(hold, admission, owner, log, release)
                await anyio.wait_all_tasks_blocked()
            release.set()
        begun = [line for line in log if line.endswith("begins")]
        assert "a behind 2" in log
        assert "b behind 0" in log
        assert begun == ["a begins", "b begins", "a begins", "a begins"]

    run(act)


def test_who_floods_gives_way_to_who_asks_one_question() -> None:
    async def act() -> None:
        admission, release, log = Admission(running=1, waiting=3), anyio.Event(), list[str]()
        async with anyio.create_task_group() as tasks:
            for owner in ("a", "a", "a", "a", "b"):
                tasks.start_soon(hold, admission, owner, log, release)
                await anyio.wait_all_tasks_blocked()
            assert log.count("a refused") == 1
            assert "b refused" not in log
            with pytest.raises(BusyError):
                admission.refuse_if_full("a")
            release.set()
        assert log.count("b begins") == 1

    run(act)


def test_who_leaves_while_waiting_frees_the_place() -> None:
    async def act() -> None:
        admission, release = Admission(running=1, waiting=1), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold, admission, "a", [], release)
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0.01):
                async with admission.place("b") as place:
                    async for _ahead in place.turn(5):
                        pass
            assert admission.inside == 1
            release.set()

    run(act)


def test_questions_on_their_way_count_until_they_have_arrived() -> None:
    admission = Admission(running=1, waiting=1)
    with admission.approaches.counted("a"), admission.approaches.counted("a"):
        # Of the two, the question of this context is not in its own way.
        admission.refuse_if_full("a")
        admission.refuse_if_full("b")
        with admission.approaches.counted("a"), pytest.raises(BusyError):
            admission.refuse_if_full("a")
        admission.approaches.arrived()
        assert admission.approaches.others_of("a") == 1
    assert admission.approaches.others_of("a") == 0
