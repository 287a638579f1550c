"""What becomes of `/mcp` where its library does not load."""

from typing import Never

import anyio
import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from services.api.mcp_host import McpHost
from services.api.state import Service
from services.settings import Settings


def broken() -> Never:
    raise ImportError("no mcp")


def test_each_call_is_told_and_the_service_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()
    host = McpHost(app, Service(Settings.load()), "1")
    monkeypatch.setattr(host, "_built", broken)

    async def called() -> list[int]:
        async with host.running(), AsyncClient(transport=ASGITransport(app)) as client:
            return [(await client.post("http://here/mcp")).status_code for _ in range(2)]

    assert anyio.run(called) == [503, 503]
