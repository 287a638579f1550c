"""Room for questions."""

import anyio
import pytest

from services.api.admission import Admission
from services.domain.errors import BusyError, DeadlineError


def test_one_too_many_is_refused_at_once() -> None:
    async def run() -> None:
        admission = Admission(running=1, waiting=1)
        async with anyio.create_task_group() as tasks:
            release = anyio.Event()

            async def hold() -> None:
                async with admission.permit(5):
                    await release.wait()

            tasks.start_soon(hold)
            tasks.start_soon(hold)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(BusyError):
                admission.refuse_if_full()
            release.set()
        assert admission.inside == 0

    anyio.run(run)


def test_a_turn_that_comes_too_late_is_told() -> None:
    async def run() -> None:
        admission = Admission(running=1, waiting=1)
        async with admission.permit(5):
            with pytest.raises(DeadlineError):
                async with admission.permit(0.01):
                    pass
        assert admission.inside == 0

    anyio.run(run)
