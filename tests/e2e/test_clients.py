"""The Python client for event loops, and the example agent, over a running service."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.client.httpx_async_client import AsyncFootnoteClient
from services.client.wire import RefusedError
from services.domain.errors import NotReadyError
from tests.integration.test_sources import PASSWORD, USER, Files, files

ROOT = Path(__file__).parents[2]
NAME = "clients"
# A server of WebDAV.
source = files


async def test_the_async_client_adds_finds_asks_and_removes(service: Any, tmp_path: Path) -> None:
    path = tmp_path / "kite.md"
    path.write_text("# Kites\n\nKites may fly up to 100 metres near the harbour.\n")
    async with AsyncFootnoteClient(service.url, service.key) as client:
        made = await client.upload(path, "kite.md", NAME, "kite", metadata={"version": "1"})
        service.wait_until_rested(NAME)
        document = await client.document(made["id"])
        assert document["status"] == "ready"
        assert document["metadata"] == {"version": "1"}
        assert [one["id"] async for one in client.documents(collection=NAME)] == [made["id"]]
        assert "harbour" in await client.text(made["id"])

        question = "How high may kites fly near the harbour?"
        found = await client.search(question, collections=[NAME])
        assert found[0]["document_id"] == made["id"]
        answer = await client.answer(question, collections=[NAME])
        assert "100 metres" in answer["answer"]
        events = [one async for one in client.ask({"question": question, "collections": [NAME]})]
        assert [events[0][0], events[-1][0]] == ["passages", "answer"]

        receipt = await client.remove(made["id"])
        assert receipt["document_id"] == made["id"]
        with pytest.raises(RefusedError) as refused:
            await client.document(made["id"])
        assert refused.value.status == 404
        with pytest.raises(RefusedError):
            _ = [one async for one in client.ask({"question": ""})]


async def test_the_async_client_says_that_nobody_is_there() -> None:
    async with AsyncFootnoteClient("http://127.0.0.1:9", "fn-x") as client:
        with pytest.raises(NotReadyError, match="footnote serve"):
            await client.call("GET", "/v1/documents")


def test_the_example_agent_asks_several_questions_to_answer_one(service: Any) -> None:
    text = "# Rules\n\nA glider licence lasts 24 months. A balloon licence lasts 36 months.\n"
    service.upload("licences.md", text.encode(), collection=NAME)
    service.wait_until_rested(NAME)
    question = "How long does a glider licence last and how long does a balloon licence last?"

    ran = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "agent.py"), question],
        env={**os.environ, "FOOTNOTE_URL": service.url, "FOOTNOTE_KEY": service.key},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("asked:") == 2
    assert "24 months" in ran.stdout
    assert "36 months" in ran.stdout


def test_a_collection_follows_a_source(service: Any, source: str) -> None:
    service.environment |= {"FOOTNOTE_SOURCE_USER": USER, "FOOTNOTE_SOURCE_PASSWORD": PASSWORD}
    named = f"dav://{source}/dav/"
    Files.files = {"a.md": b"# A\n\nThe alpaca eats hay.\n", "b.txt": b"The bison eats grass."}
    ran = service.run("sync", named, "-c", "followed")
    assert ran.returncode == 0, ran.stderr
    question = {"question": "What does the bison eat?", "collections": ["followed"]}
    assert "grass" in service.call("POST", "/v1/ask", question)[1]["answer"]

    Files.files = {"a.md": b"# A\n\nThe alpaca eats carrots.\n"}
    told = service.run("sync", named, "-c", "followed", "--json")

    summary = json.loads(told.stdout)
    assert (summary["replaced"], summary["deleted"]) == (["a.md"], ["b.txt"])
    assert not service.call("POST", "/v1/ask", question)[1]["answered"]
    Files.fails = True
    failed = service.run("sync", named, "-c", "followed")
    assert failed.returncode == 1
    assert "answered 500" in failed.stderr
    assert service.counts("followed")["ready"] == 1
