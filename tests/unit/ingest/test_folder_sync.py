"""What must come and go so that a collection equals a folder."""

import hashlib
import shutil
import threading
from pathlib import Path

import pytest

from ingest.cli import folder_sync
from ingest.cli.files import readable_files
from ingest.cli.folder_sync import plan


def document(source_id: str, text: str, status: str = "ready") -> dict[str, str]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    told = {"source_id": source_id, "name": source_id, "sha256": digest, "status": status}
    return told | {"id": f"doc {source_id}"}


def test_new_changed_gone_and_unchanged_files_are_told_apart(tmp_path: Path) -> None:
    for name, text in (("a.md", "new"), ("b.md", "changed"), ("c.md", "same"), ("x.exe", "no")):
        (tmp_path / name).write_text(text)
    known = [document("b.md", "before"), document("c.md", "same"), document("d.md", "gone")]

    planned = plan(readable_files([tmp_path]), known)

    assert planned.summary() == {
        "added": ["a.md"],
        "replaced": ["b.md"],
        "deleted": ["d.md"],
        "unchanged": ["c.md"],
    }


def test_a_moved_file_is_neither_added_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "new.md").write_text("same")

    planned = plan(readable_files([tmp_path]), [document("old.md", "same")])

    assert not planned.coming
    assert not planned.leaving


def test_files_of_the_same_bytes_each_have_a_document(tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("same")
    known = [document("a.md", "same")]

    assert [file.name for file in plan(readable_files([tmp_path]), known).added] == ["b.md"]
    (tmp_path / "a.md").unlink()
    planned = plan(readable_files([tmp_path]), [*known, document("b.md", "same")])
    assert planned.summary()["deleted"] == ["a.md"]
    assert planned.summary()["unchanged"] == ["b.md"]


def test_a_watch_outlives_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_sync, "_LOOK_S", 0.01)
    share = tmp_path / "share"
    share.mkdir()
    (share / "a.md").write_text("one")
    looks = folder_sync.watch_folder(str(share), forever=True)
    assert next(looks) == share

    shutil.move(share, tmp_path / "away")
    seen: list[Path] = []
    watcher = threading.Thread(target=lambda: seen.append(next(looks)), daemon=True)
    watcher.start()
    watcher.join(0.3)
    assert not seen
    (tmp_path / "away" / "a.md").write_text("two, and longer")
    shutil.move(tmp_path / "away", share)
    watcher.join(10)

    assert seen == [share]


def test_a_renamed_document_stands_for_one_file(tmp_path: Path) -> None:
    for name in ("c.md", "d.md"):
        (tmp_path / name).write_text("same")

    planned = plan(readable_files([tmp_path]), [document("a.md", "same")])
    assert len(planned.added) == len(planned.unchanged) == 1
    (tmp_path / "d.md").unlink()
    two = [document("a.md", "same"), document("b.md", "same")]
    assert len(plan(readable_files([tmp_path]), two).leaving) == 1


def test_a_file_that_failed_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text")

    planned = plan(readable_files([tmp_path]), [document("a.md", "text", "failed")])

    assert [file.name for file in planned.replaced] == ["a.md"]


def test_hidden_files_and_links_out_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.md").write_text("secret")
    (tmp_path / "in" / ".hidden.md").write_text("x")
    (tmp_path / "in" / "link.md").symlink_to(tmp_path / "out.md")

    assert readable_files([tmp_path / "in"]) == []
