"""The Model Context Protocol with its official client, over HTTP and over standard input."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

NAME = "mcp-tools"
QUESTION = "How many days of paid leave does an employee have?"


@pytest.fixture(scope="module")
def leave(service: Any) -> Any:
    """Return a service with a document, and a key that may only ask elsewhere."""
    text = (
        "# Leave\n\nEvery employee has 27 days of paid leave a year. Unused days expire in March."
    )
    service.upload("leave.md", text.encode(), collection=NAME)
    service.wait_until_rested(NAME)
    return service


def told(result: Any) -> Any:
    """Return what a tool returned as JSON."""
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


async def used(session: ClientSession) -> dict[str, Any]:
    """Use every tool once."""
    await session.initialize()
    names = {tool.name for tool in (await session.list_tools()).tools}
    found = told(await session.call_tool("search", {"query": "paid leave", "collections": [NAME]}))
    answer = told(await session.call_tool("ask", {"question": QUESTION, "collections": [NAME]}))
    listed = told(await session.call_tool("list_documents", {"collection": NAME}))
    document = listed["documents"][0]["id"]
    text = told(await session.call_tool("read_document", {"document_id": document, "start": 9}))
    wrong = await session.call_tool("read_document", {"document_id": "doc_none"})
    return {
        "names": names,
        "found": found,
        "answer": answer,
        "text": text,
        "wrong": wrong,
    }


def check(seen: dict[str, Any]) -> None:
    assert seen["names"] == {"search", "ask", "list_documents", "read_document"}
    assert seen["found"]["passages"][0]["document_name"] == "leave.md"
    assert "27 days" in seen["answer"]["answer"]
    assert "27 days" in seen["answer"]["citations"][0]["quote"]
    assert seen["text"]["start"] == 9
    assert "27 days" in seen["text"]["text"]
    assert seen["wrong"].is_error
    assert "There is no document" in seen["wrong"].content[0].text


def test_all_tools_over_http_under_a_key(leave: Any) -> None:
    async def run(key: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(f"{leave.url}/mcp", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            return await used(session)

    check(anyio.run(run, leave.key))
    assert leave.call("POST", "/mcp", {}, key="fn-wrong")[0] == 401


def test_a_key_reaches_only_its_own_documents(leave: Any) -> None:
    _, made = leave.call("POST", "/v1/keys", {"name": "stranger", "scopes": []})

    async def run() -> Any:
        headers = {"Authorization": f"Bearer {made['key']}"}
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(f"{leave.url}/mcp", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            return told(await session.call_tool("search", {"query": "paid leave"}))

    assert anyio.run(run) == {"passages": []}


def test_all_tools_over_standard_input(leave: Any) -> None:
    command = StdioServerParameters(
        command=str(Path(sys.executable).with_name("footnote")),
        args=["mcp"],
        env=leave.environment,
    )

    async def run() -> dict[str, Any]:
        async with stdio_client(command) as streams, ClientSession(*streams) as session:
            return await used(session)

    check(anyio.run(run))
