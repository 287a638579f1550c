"""Fetching a model with the command line, from a local server that speaks the hub's protocol."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import served

FOOTNOTE = Path(sys.executable).with_name("footnote")
COMMIT = "0" * 39 + "1"
FILES = {
    "model.safetensors": b"weights" * 4_000_000,
    "config.json": b'{"hidden_size": 8}',
    "1_Pooling/config.json": b"{}",
    "pytorch_model.bin": b"code that runs",
}


class Hub(BaseHTTPRequestHandler):
    """A hub with one model. `broken` makes it send other bytes than it promised; `breaks_off`
    makes it close the connection in the middle of the weights, once.
    """

    broken = False
    breaks_off = False
    ranges: list[str] = []  # noqa: RUF012 - read by the tests

    def do_HEAD(self) -> None:
        """Tell of a file without its bytes."""
        self._answer(with_body=False)

    def do_GET(self) -> None:
        """Answer a listing or a file, from a byte on if asked."""
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/api/models/BAAI/bge-m3/tree/"):
            self._send(200, json.dumps([self._entry(name) for name in FILES]).encode(), {})
            return
        name = path.split("/resolve/", 1)[-1].split("/", 1)[-1]
        if name not in FILES:
            self._send(404, b"", {})
            return
        data = FILES[name][::-1] if self.broken and "safetensors" in name else FILES[name]
        about = {"ETag": f'"{hashlib.sha256(FILES[name]).hexdigest()}"', "X-Repo-Commit": COMMIT}
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
        if wanted and with_body:
            self.ranges.append(wanted)
            about["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206 if wanted else 200, data[start:], about, with_body=with_body)

    @staticmethod
    def _entry(name: str) -> dict[str, object]:
        digest = hashlib.sha256(FILES[name]).hexdigest()
        size = len(FILES[name])
        lfs = {"oid": digest, "size": size, "pointerSize": 130}
        return {"type": "file", "path": name, "size": size, "oid": digest[:40], "lfs": lfs}

    def _send(
        self, status: int, data: bytes, about: dict[str, str], *, with_body: bool = True
    ) -> None:
        self.send_response(status)
        for header, value in about.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if with_body and Hub.breaks_off and len(data) > 20_000_000:
            Hub.breaks_off = False
            self.wfile.write(data[:21_000_000])
            self.close_connection = True
        elif with_body:
            self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Hub, "broken", False)
    monkeypatch.setattr(Hub, "breaks_off", False)
    monkeypatch.setattr(Hub, "ranges", [])
    with served(Hub) as url:
        yield url


def pull(name: str, folder: Path, hub: str) -> tuple[int, Any, str]:
    """Run `footnote models pull`; return its status, what it printed, and what it said."""
    kept = {one: os.environ[one] for one in ("PATH", "HOME", "LANG") if one in os.environ}
    environment = kept | {"FOOTNOTE_DATA_DIR": str(folder), "FOOTNOTE_HUB_URL": hub}
    done = subprocess.run(
        [str(FOOTNOTE), "models", "pull", name, "--json"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_a_model_arrives_whole_and_without_files_that_run_code(hub: str, tmp_path: Path) -> None:
    status, told, said = pull("bge-m3", tmp_path, hub)

    assert status == 0, said
    folder = Path(told["path"])
    arrived = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert arrived == set(FILES) - {"pytorch_model.bin"}
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert "model.safetensors" in said


def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: str, tmp_path: Path) -> None:
    Hub.breaks_off = True

    tries = [pull("bge-m3", tmp_path, hub)]
    while tries[-1][0] != 0 and len(tries) < 3:
        tries.append(pull("bge-m3", tmp_path, hub))

    assert tries[-1][0] == 0, tries[-1][2]
    assert Hub.ranges
    assert all(int(one.removeprefix("bytes=").split("-")[0]) > 0 for one in Hub.ranges)
    arrived = tmp_path / "models" / "bge-m3" / "model.safetensors"
    assert arrived.read_bytes() == FILES["model.safetensors"]


def test_other_bytes_than_promised_are_refused(hub: str, tmp_path: Path) -> None:
    Hub.broken = True

    status, _, said = pull("bge-m3", tmp_path, hub)

    assert status == 1
    assert "did not arrive whole" in said
    assert not (tmp_path / "models" / "bge-m3").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bge-m3", "does not give"),
        ("nothing-such", "footnote models"),
        ("all-minilm-l6-v2", "nothing to fetch"),
    ],
)
def test_no_hub_and_no_such_model_say_so(tmp_path: Path, name: str, says: str) -> None:
    status, _, said = pull(name, tmp_path, "http://127.0.0.1:9")

    assert status == 1
    assert says in said
