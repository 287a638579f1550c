"""What is made from a model is made once, and again when it is not what it was."""

import errno
import os
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.domain.errors import EngineError
from services.engine import made_files
from services.engine.made_files import MadeFiles, identity

BYTES = b"weights " * 1000


class Maker:
    """Writes what it is told, and counts how often."""

    def __init__(self, told: bytes = BYTES) -> None:
        self.told = told
        self.times = 0

    def __call__(self, target: Path) -> None:
        """Write it."""
        self.times += 1
        target.write_bytes(self.told)


def read(made: MadeFiles, make: Maker, made_from: str = "model 1") -> bytes:
    with made.opened("model", made_from, make) as file:
        return file.read_bytes()


def test_what_was_made_is_there_at_the_next_start(tmp_path: Path) -> None:
    make = Maker()

    assert read(MadeFiles(tmp_path / "made"), make) == BYTES
    assert read(MadeFiles(tmp_path / "made"), make) == BYTES

    assert make.times == 1
    (file,) = (tmp_path / "made").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_made_again_from_something_else(tmp_path: Path) -> None:
    read(MadeFiles(tmp_path), Maker())
    other = Maker(b"other")

    assert read(MadeFiles(tmp_path), other, "model 2") == b"other"
    assert read(MadeFiles(tmp_path), Maker()) == BYTES


@pytest.mark.parametrize("damage", [b"weightS " * 1000, b"", BYTES[:-1]])
def test_what_is_damaged_is_made_again(tmp_path: Path, damage: bytes) -> None:
    make = Maker()
    read(MadeFiles(tmp_path), make)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)

    assert read(MadeFiles(tmp_path), make) == BYTES

    assert make.times == 2
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [BYTES]


def test_what_nobody_uses_any_more_goes_when_something_is_made(tmp_path: Path) -> None:
    made = MadeFiles(tmp_path)
    read(made, Maker())
    (old,) = tmp_path.iterdir()
    half = tmp_path / "0123.part"
    half.touch()
    for file, days in ((old, 8), (half, 1)):
        long_ago = time.time() - days * 86_400
        os.utime(file, (long_ago, long_ago))

    read(made, Maker(), "model 2")

    assert not old.exists()
    assert not half.exists()


def test_it_goes_also_where_nothing_is_made(tmp_path: Path) -> None:
    made = MadeFiles(tmp_path)
    for model in ("model 1", "model 2"):
        read(made, Maker(model.encode()), model)
    old = next(one for one in tmp_path.iterdir() if one.read_bytes() == b"model 1")
    os.utime(old, (0, 0))

    read(made, Maker(), "model 2")

    assert not old.exists()


def test_what_is_used_stays(tmp_path: Path) -> None:
    made, make = MadeFiles(tmp_path), Maker()
    read(made, make)
    (file,) = tmp_path.iterdir()
    os.utime(file, (0, 0))

    read(made, make)
    read(made, Maker(), "model 2")

    assert file.exists()


def test_what_lies_on_a_disk_that_is_only_read_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    read(MadeFiles(tmp_path), make)

    def refuse(_file: Path) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(os, "utime", refuse)

    assert read(MadeFiles(tmp_path), make) == BYTES
    assert make.times == 1


def test_what_cannot_be_made_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        target.write_bytes(b"half")
        raise EngineError("no such type")

    with (
        pytest.raises(EngineError, match="no such type"),
        MadeFiles(tmp_path).opened("model", "model 1", fail),
    ):
        pass

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["none", "a file", "full"])
def test_without_a_place_it_lies_in_memory(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = None if place == "none" else tmp_path / "made"
    if place == "a file" and folder is not None:
        folder.touch()
    if place == "full":
        monkeypatch.setattr(made_files, "_LEAST_FREE", 1 << 62)
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    make = Maker()

    with capture_logs() as told:
        assert [read(MadeFiles(folder), make) for _ in range(2)] == [BYTES] * 2

    assert make.times == 2
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files
    assert len(told) == (2 if place == "a file" else 0)


def test_a_changed_file_is_another(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"1")
    before = identity([file, tmp_path])
    assert identity([tmp_path, file]) == before

    os.utime(file, (1, 1))

    assert identity([file]) != before
