"""The audit log's thread goes on whoever leaves."""

import asyncio
from pathlib import Path

from services.api.audit_trail import AuditTrail
from services.domain.audit import AuditEntry
from services.settings import Settings
from services.wiring import open_registry


def test_who_leaves_is_noted_and_holds_up_nobody(tmp_path: Path) -> None:
    registry = open_registry(Settings.load(data_dir=tmp_path))
    trail = AuditTrail(registry.audit)

    async def some_leave() -> None:
        for number in range(50):
            leaving = asyncio.create_task(trail.note(entry(f"/left/{number}")))
            await asyncio.sleep(0)
            leaving.cancel()
        await asyncio.wait_for(trail.note(entry("/stays")), timeout=10)

    asyncio.run(some_leave())
    trail.record(entry("/given-up")).cancel()
    asyncio.run(asyncio.wait_for(trail.note(entry("/last")), timeout=10))

    trail.close()
    targets = {one.target for one in registry.audit.after(0, 100)}
    assert targets == {*(f"/left/{n}" for n in range(50)), "/stays", "/given-up", "/last"}
    registry.close()


def entry(target: str) -> AuditEntry:
    return AuditEntry("key:k", "POST", target, 200, "127.0.0.1")
