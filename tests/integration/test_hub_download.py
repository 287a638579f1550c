"""Fetching a model, from a local server that speaks the hub's protocol."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from services.domain.errors import ModelFileError
from services.engine.hub_download import pull

FILES = {
    "model.safetensors": b"weights" * 1000,
    "config.json": b'{"hidden_size": 8}',
    "1_Pooling/config.json": b"{}",
    "pytorch_model.bin": b"code that runs",
}


class Hub(BaseHTTPRequestHandler):
    """A hub with one model; `broken` makes it send other bytes than it promised."""

    broken = False
    ranges: list[str] = []  # noqa: RUF012 - read by the tests

    def do_GET(self) -> None:
        """Answer a listing or a file, from a byte on if asked."""
        path = self.path.split("?")[0]
        if path == "/api/models/BAAI/bge-m3/tree/main":
            self._send(200, json.dumps([self._entry(name) for name in FILES]).encode())
            return
        name = path.removeprefix("/BAAI/bge-m3/resolve/main/")
        data = FILES[name][::-1] if self.broken and "safetensors" in name else FILES[name]
        wanted = self.headers.get("Range")
        if wanted:
            self.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self._send(206, data[start:])
        else:
            self._send(200, data)

    @staticmethod
    def _entry(name: str) -> dict[str, object]:
        digest = hashlib.sha256(FILES[name]).hexdigest()
        return {"type": "file", "path": name, "size": len(FILES[name]), "lfs": {"oid": digest}}

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Hub, "broken", False)
    monkeypatch.setattr(Hub, "ranges", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_arrives_whole_and_without_files_that_run_code(hub: str, tmp_path: Path) -> None:
    folder = pull("bge-m3", tmp_path, hub)

    arrived = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert arrived == set(FILES) - {"pytorch_model.bin"}
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert pull("bge-m3", tmp_path, hub) == folder


def test_a_broken_off_file_goes_on_where_it_stopped(hub: str, tmp_path: Path) -> None:
    part = tmp_path / "bge-m3.part"
    part.mkdir()
    (part / "model.safetensors").write_bytes(FILES["model.safetensors"][:100])

    folder = pull("bge-m3", tmp_path, hub)

    assert Hub.ranges == ["bytes=100-"]
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_other_bytes_than_promised_are_refused(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hub, "broken", True)

    with pytest.raises(ModelFileError, match="did not arrive whole"):
        pull("bge-m3", tmp_path, hub)

    assert not (tmp_path / "bge-m3").exists()


def test_no_hub_and_no_such_model_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="does not give"):
        pull("bge-m3", tmp_path, "http://127.0.0.1:9")
    with pytest.raises(ModelFileError, match="footnote models"):
        pull("nothing-such", tmp_path)
    with pytest.raises(ModelFileError, match="nothing to fetch"):
        pull("all-minilm-l6-v2", tmp_path)
