"""A whole service as a person starts it: `footnote serve` on a folder and a port of its own."""

import contextlib
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MADE
from tests.ports import free_port

FOOTNOTE = Path(sys.executable).with_name("footnote")


class Service:
    """One `footnote serve`, spoken to over HTTP."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.key = f"fn-test-{secrets.token_hex(16)}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "made").exists():
            (folder / "made").symlink_to(os.environ[MADE])
        self.log = folder.parent / f"{folder.name}.log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = kept | {
            "FOOTNOTE_DATA_DIR": str(folder),
            "FOOTNOTE_PORT": str(self.port),
            "FOOTNOTE_OWNER_KEY": self.key,
            "FOOTNOTE_URL": self.url,
            "FOOTNOTE_KEY": self.key,
            "FOOTNOTE_LANGUAGE": "en",
            "FOOTNOTE_PROBE": "false",
            "FOOTNOTE_ANSWERS_KEPT": "0",
            **{f"FOOTNOTE_{name.upper()}": value for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str] = (str(FOOTNOTE), "serve")) -> "Service":
        """Start and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self.wait(lambda: self.call("GET", "/health/ready")[0] == 200, 120)
        return self

    def wait(self, done: Any, timeout_s: float) -> None:
        """Wait until *done* holds."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                if done():
                    return
            time.sleep(0.1)
        pytest.fail(f"waited {timeout_s} s in vain")

    def kill(self) -> None:
        """End every process of it at once, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it as an administrator would; return its exit status."""
        assert self.process is not None
        self.process.terminate()
        status = self.process.wait(40)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return status

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Return status and JSON (or text) of a call with the owner's key, or *key*."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {"Authorization": f"Bearer {self.key if key is None else key}", **(headers or {})}
        data = body
        if isinstance(body, dict | list):
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, sent)  # type: ignore[arg-type]
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            self.headers = dict(response.getheaders())
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text

    def upload(
        self, name: str, data: bytes, key: str | None = None, **fields: str
    ) -> tuple[int, Any]:
        """Upload a file as a browser does."""
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

    def counts(self, collection: str = "default") -> dict[str, int]:
        """Return how many documents stand in each status."""
        return dict(self.call("GET", f"/v1/documents?collection={collection}&limit=1")[1]["counts"])

    def wait_until_rested(self, collection: str = "default", timeout_s: float = 120) -> None:
        """Wait until nothing is queued or being worked on."""

        def rested() -> bool:
            counts = self.counts(collection)
            return not counts["queued"] + counts["reading"] + counts["embedding"]

        self.wait(rested, timeout_s)

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the command line against it, with *settings* of its environment."""
        return subprocess.run(
            [str(FOOTNOTE), *arguments],
            env=self.environment | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a running service, shared by the tests that do not end it."""
    running = Service(
        Path(tmp_path_factory.mktemp("service")) / "data",
        upload_bytes="3000000",
        questions_waiting="12",
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture
def make_service(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Service]:
    """Return a maker of services on one data folder, each ended with the test."""

    def make(**settings: str) -> Service:
        made = Service(tmp_path / "data", **settings)

        def end() -> None:
            if made.process is not None and made.process.poll() is None:
                made.kill()

        request.addfinalizer(end)
        return made

    return make
