"""Which files are meant, and what they are called."""

from pathlib import Path

from ingest.cli.files import LocalFile, readable_files


def named(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_files_of_one_name_are_called_by_their_folders(tmp_path: Path) -> None:
    named(tmp_path, "a/meetings.md", "b/meetings.md", "b/other.md")

    files = readable_files([tmp_path / "a", tmp_path / "b"])

    assert [file.name for file in files] == ["a/meetings.md", "b/meetings.md", "other.md"]


def test_a_file_that_is_named_twice_is_taken_once(tmp_path: Path) -> None:
    named(tmp_path, "a/one.md")

    files = readable_files([tmp_path / "a", tmp_path / "a" / "one.md"])

    assert [file.name for file in files] == ["one.md"]


def test_what_cannot_be_read_has_no_hash_and_a_name_that_can_be_printed(tmp_path: Path) -> None:
    gone = LocalFile(tmp_path / "gone.md", "\udcc4\udce3.md")

    assert gone.sha256() is None
    assert gone.size == 0
    assert gone.shown == "??.md"
