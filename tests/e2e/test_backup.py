"""A backup made while documents come in, restored elsewhere (bar D10)."""

import json
import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from services.domain.errors import BackupError
from services.registry.backup import read_backup

pytestmark = pytest.mark.beyond


def elsewhere(make_service: Any, running: Any, folder: Path) -> Any:
    """Return a service on a folder of its own with the key of *running*."""
    fresh = make_service()
    fresh.key = running.key
    fresh.environment |= {
        "FOOTNOTE_OWNER_KEY": running.key,
        "FOOTNOTE_KEY": running.key,
        "FOOTNOTE_DATA_DIR": str(folder),
    }
    return fresh


def test_all_that_was_acknowledged_before_is_in_it(make_service: Any, tmp_path: Path) -> None:
    running = make_service().start()
    for i in range(20):
        running.upload(f"room{i}.txt", f"Room {i} has marker zq{i:03d}x.".encode())
    stop = threading.Event()

    def go_on() -> None:
        for i in range(20, 60):
            if stop.is_set():
                return
            running.upload(f"room{i}.txt", f"Room {i} has marker zq{i:03d}x.".encode())

    uploader = threading.Thread(target=go_on)
    uploader.start()
    file = tmp_path / "backup.tar.gz"
    made = json.loads(running.run("backup", str(file), "--json").stdout)
    stop.set()
    uploader.join()
    assert made["documents"] >= 20
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob("*.part")) == []

    fresh = elsewhere(make_service, running, tmp_path / "elsewhere")
    done = fresh.run("restore", str(file), "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == made["documents"]
    fresh.start()
    fresh.wait_until_rested()
    assert fresh.counts()["ready"] == made["documents"]
    _, found = fresh.call("POST", "/v1/search", {"query": "zq007x", "limit": 1})
    assert found["passages"][0]["document_name"] == "room7.txt"
    document = found["passages"][0]["document_id"]
    assert "zq007x" in fresh.call("GET", f"/v1/documents/{document}/file")[1]
    again = fresh.run("restore", str(file))
    assert again.returncode == 1
    assert str(fresh.process.pid) in again.stderr


@pytest.mark.parametrize("harm", ["cut", "flip", "foreign", "link", "second", "none"])
def test_a_harmed_backup_is_refused_and_leaves_nothing(
    make_service: Any, tmp_path: Path, harm: str
) -> None:
    owner = make_service()
    folder = Path(owner.environment["FOOTNOTE_DATA_DIR"])
    file = tmp_path / "backup.tar"
    with tarfile.open(file, "w") as archive:
        body = tmp_path / "body"
        body.write_bytes(os.urandom(4096))
        archive.add(body, "registry.sqlite")
        if harm == "foreign":
            archive.add(body, "../../evil")
        if harm == "link":
            entry = tarfile.TarInfo("spool/aa/link")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
        if harm == "second":
            archive.add(body, "registry.sqlite")
    data = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(data[:700])
    if harm == "flip":
        data[100] ^= 1
        file.write_bytes(data)
    if harm == "none":
        file.write_bytes(b"no archive")

    with pytest.raises(BackupError, match="not a whole backup") as told:
        read_backup(file, folder, lambda _done, _total: None)
    assert "\n" not in str(told.value)

    assert not (folder / "registry.sqlite").exists()
    assert not (folder / ".restoring").exists()
    assert not (tmp_path / "evil").exists()
