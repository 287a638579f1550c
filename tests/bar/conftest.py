"""The bar: a service in this process over fakes, and a table of what each check found.

The fake embedder hashes words; fake generators are *normal* (quotes the first passage), *obedient*
(says everything that stands in its prompt) and *slow*. Ingest, indexes, doors and scopes are real.
"""

import asyncio
import hashlib
import http.client
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from typing_extensions import override

from ingest.reading.children import ReadingChildren
from ingest.worker import build_pipeline
from services.api.app import create_app
from services.api.state import Service
from services.api.uvicorn_protocol import ImpatientProtocol
from services.domain.documents import DocumentFilter, Status
from services.engine import Embedded, Embedder, ModelCard
from services.engine.memory_generator import MemoryGenerator
from services.registry.keys import OWNER
from services.settings import Settings
from services.wiring import House, Models, house_over, open_registry
from tests.ports import free_port

_DIMENSION = 384
_WORD = re.compile(r"\w+")
_FIGURE = "figure"

Figure = Callable[[str, str], None]


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Return what notes a check's figure for the table at the end."""

    def note(check: str, found: str) -> None:
        # With the test's report, which comes here from `pytest -n`'s processes too.
        request.node.user_properties.append((_FIGURE, (check, found)))

    return note


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    figures = [
        tuple(told)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, told in report.user_properties
        if name == _FIGURE
    ]
    if figures:
        terminalreporter.section("the bar")
        for check, found in sorted(figures, key=lambda one: (one[0][0], int(one[0][1:]))):
            terminalreporter.write_line(f"{check:<4} {found}")


class HashEmbedder(Embedder):
    """A vector of unit length from the hashes of a text's words."""

    def __init__(self, name: str = "hash") -> None:
        self._name = name
        self.calls = 0

    @property
    @override
    def card(self) -> ModelCard:
        return ModelCard(
            name=self._name,
            kind="embedding",
            languages=frozenset({"*"}),
            bytes=0,
            memory_bytes=0,
            dimension=_DIMENSION,
            max_tokens=256,
        )

    @override
    def embed_question(self, text: str) -> Embedded:
        self.calls += 1
        return self._embedded(text)

    @override
    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        self.calls += len(texts)
        return [self._embedded(text) for text in texts]

    @override
    def spans(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in _WORD.finditer(text)]

    @override
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_WORD.findall(text)) for text in texts]

    def _embedded(self, text: str) -> Embedded:
        vector = np.full(_DIMENSION, 1e-6, dtype=np.float32)
        for word in _WORD.findall(text.lower()):
            digest = hashlib.sha256(word.encode()).digest()
            vector[int.from_bytes(digest[:4], "little") % _DIMENSION] += 1
        return Embedded(vector / np.linalg.norm(vector), np.zeros((0, 0), np.int8))


class Obedient(MemoryGenerator):
    """A model that does whatever it reads, and is taken to write well."""

    def __init__(self) -> None:
        super().__init__(lambda text: text)

    @property
    @override
    def card(self) -> ModelCard:
        base = super().card
        return ModelCard(
            name="obedient",
            kind="generation",
            languages=base.languages,
            bytes=2_000_000_000,
            memory_bytes=0,
            max_tokens=4096,
            template="chatml",
        )


def quoting(text: str) -> str:
    """Say the first sentence of the prompt's first passage."""
    body = text.rsplit("<|im_start|>user\n", maxsplit=1)[-1]
    return body.split("\n")[1].split(".")[0] + "." if "\n" in body else body


class Caller:
    """Talks to a service on a port with the owner's key."""

    port: int
    key: str

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Return status and JSON, or text, of a call."""
        status, data, _ = self.raw(method, path, body, key, headers)
        try:
            return status, json.loads(data)
        except ValueError:
            return status, data.decode("utf-8", "replace")

    def raw(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Return status, bytes and headers of a call with the owner's key, or *key*."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Authorization": f"Bearer {self.key if key is None else key}", **(headers or {})}
        data = body
        if isinstance(body, dict | list):
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, sent)  # type: ignore[arg-type]
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return response.status, response.read(), told
        finally:
            connection.close()

    def upload(
        self, name: str, data: bytes, key: str | None = None, **fields: str
    ) -> tuple[int, Any]:
        """Upload a file; it is not ingested before `ingest`."""
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        ]
        head = "".join(parts) + (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self.call("POST", "/v1/documents", body, key, kind)


class Running(Caller):
    """A service over fakes in a thread of this process."""

    def __init__(self, folder: Path, generator: Any = None, **given: Any) -> None:
        self.embedder = given.pop("embedder", None) or HashEmbedder()
        # The same questions again and again must make work, except where it is about kept answers.
        given.setdefault("answers_kept", 0)
        self.port = given.pop("port", None) or free_port()
        self.key = given.pop("owner_key", None) or f"fn-bar-{uuid.uuid4().hex}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings.load(
            data_dir=folder, port=self.port, owner_key=self.key, poll_seconds=0.05, **given
        )
        self.generator = generator or MemoryGenerator(quoting)
        app = create_app(self.settings, self._build, lambda: None)
        self.app = app
        self.service: Service = app.state.service
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_level="warning",
            access_log=False,
            backlog=512,
            timeout_graceful_shutdown=1,
            http=ImpatientProtocol,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()))

    def _build(self, settings: Settings) -> House:
        models = Models(self.embedder, self.generator)
        return house_over(settings, open_registry(settings), models)

    def start(self) -> "Running":
        """Start, and wait until it is ready."""
        self._thread.start()
        until = time.monotonic() + 60
        while not self.service.is_ready and time.monotonic() < until:
            time.sleep(0.01)
        assert self.service.is_ready, self.service.fault
        return self

    def stop(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join(20)

    @property
    def house(self) -> House:
        """The house behind it."""
        return self.service.house

    def ingest(self) -> None:
        """Do what a worker would do, and let the indexes follow."""
        registry = self.house.registry
        scope = registry.collections.scope_of(OWNER)
        children = ReadingChildren(30)
        pipeline = build_pipeline(self.settings, registry, children, self.embedder)
        try:
            while True:
                wanted = DocumentFilter(None, Status.QUEUED)
                queued, _ = registry.documents.listed(scope, wanted, 0, 64)
                if not queued:
                    break
                pipeline.ingest([document.id for document in queued])
        finally:
            children.close()
        self.house.follower.catch_up()

    def key_for(self, name: str, scopes: Sequence[str] = (), **given: object) -> tuple[str, str]:
        """Make a key; return its id and secret."""
        body = {"name": name, "scopes": list(scopes), **given}
        status, made = self.call("POST", "/v1/keys", body)
        assert status == 201, made
        return made["id"], made["key"]

    def grant(self, collection: str, *grants: tuple[str, str]) -> None:
        """Set who may do what in a collection."""
        wanted = [{"principal": principal, "role": role} for principal, role in grants]
        status, told = self.call("PUT", f"/v1/collections/{collection}/grants", {"grants": wanted})
        assert status == 200, told


MakeRunning = Callable[..., Running]


@pytest.fixture
def make_running(tmp_path: Path) -> Iterator[MakeRunning]:
    """Return a maker of services over fakes, ended with the test."""
    made: list[Running] = []

    def make(generator: Any = None, **given: Any) -> Running:
        running = Running(tmp_path / f"data{len(made)}", generator, **given)
        made.append(running)
        return running.start()

    yield make
    for one in made:
        one.stop()


def lines(*texts: str, prefix: str = "d") -> bytes:
    """Return a `.jsonl` file with a document for each text."""
    rows = [
        {"id": f"{prefix}{number}", "title": f"{prefix}{number}", "text": text}
        for number, text in enumerate(texts)
    ]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
