"""Uploads a few at a time, each in its place."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ingest.cli.files import LocalFile
from ingest.cli.uploading import in_turn


def files(folder: Path, *names: str) -> list[LocalFile]:
    """Return files of different sizes; those of one name in different folders."""
    made = []
    for number, name in enumerate(names):
        path = folder / str(number) / name
        path.parent.mkdir()
        path.write_text("x" * (number + 1))
        made.append(LocalFile(path, name))
    return made


def test_several_are_under_way_and_each_is_told_in_its_place(tmp_path: Path) -> None:
    together = threading.Barrier(4, timeout=10)

    def upload(file: LocalFile) -> dict[str, Any]:
        together.wait()
        return {"name": file.name}

    told = in_turn(files(tmp_path, *"abcdefgh"), upload)

    assert [one["name"] for one in told] == list("abcdefgh")


def test_versions_of_one_name_and_files_of_one_size_keep_their_order(tmp_path: Path) -> None:
    under_way: set[str] = set()
    order: list[str] = []
    met: list[set[str]] = []

    def upload(file: LocalFile) -> dict[str, Any]:
        key = str(file.path)
        under_way.add(key)
        met.append(set(under_way))
        time.sleep(0.02)
        order.append(key)
        under_way.remove(key)
        return {}

    some = files(tmp_path, "a", "b", "a", "c", "a")
    twin = LocalFile(tmp_path / "twin", "twin")
    twin.path.write_text("x")
    in_turn([*some, twin, some[0]], upload)

    of_a = [str(file.path) for file in some if file.name == "a"]
    assert [key for key in order if key in of_a] == [*of_a, of_a[0]]
    assert max(map(len, met)) > 1
    alike = {str(twin.path), of_a[0]}
    assert not any(alike <= together for together in met)


def test_after_an_error_no_further_file_is_begun(tmp_path: Path) -> None:
    begun: list[str] = []

    def upload(file: LocalFile) -> dict[str, Any]:
        begun.append(file.name)
        if file.name == "b":
            raise ConnectionError(file.name)
        time.sleep(0.05)
        return {}

    with pytest.raises(ConnectionError, match="b"):
        in_turn(files(tmp_path, *"abcdefghijkl"), upload)

    assert len(begun) < 8
