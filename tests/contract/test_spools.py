"""What every spool does, in a folder and in a bucket."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.domain.documents import Blob
from services.domain.errors import NotReadyError, SettingsError, TooLargeError
from services.registry.folder_spool import FolderSpool
from services.registry.s3_spool import S3Spool
from services.registry.spool import Spool
from tests.conftest import served
from tests.s3_server import KEY_ID, SECRET, Bucket

TEXT = "Tea is served at four. 茶在四点。".encode()
NAME = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def bucket() -> Iterator[str]:
    """Return the URL of an empty bucket."""
    Bucket.files, Bucket.fails = {}, False
    with served(Bucket) as url:
        yield f"s3+{url}/bucket/originals?region=eu-1"


@pytest.fixture(params=["folder", "bucket"])
def spool(request: pytest.FixtureRequest, tmp_path: Path, bucket: str) -> Spool:
    if request.param == "folder":
        return FolderSpool(tmp_path)
    return S3Spool(bucket, KEY_ID, SECRET, tmp_path)


def test_what_is_stored_comes_back_whole_and_in_part(spool: Spool) -> None:
    told = spool.store([TEXT[:10], TEXT[10:]], 1000)

    assert told == (NAME, len(TEXT))
    assert spool.holds(NAME)
    assert spool.read(Blob(NAME, 0, len(TEXT))) == TEXT
    assert b"".join(spool.opened(Blob(NAME, 7, 6))) == TEXT[7:13]
    assert spool.read(Blob(NAME, 5, 0)) == b""
    with spool.lent(NAME) as path:
        assert path.read_bytes() == TEXT


def test_what_is_removed_is_gone(spool: Spool, tmp_path: Path) -> None:
    spool.store([TEXT], 1000)
    with spool.lent(NAME) as path:
        assert path.is_file()

    assert spool.remove(NAME) == len(TEXT)

    assert spool.remove(NAME) == 0
    assert not spool.holds(NAME)
    assert spool.names() == []
    with spool.lent(NAME) as path:
        assert not path.exists()
    with pytest.raises(FileNotFoundError):
        spool.opened(Blob(NAME, 0, 5))
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_what_is_too_large_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(TooLargeError):
        spool.store([TEXT, TEXT], len(TEXT) + 1)

    assert spool.names() == []
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_all_names_are_listed_the_old_ones_apart(spool: Spool) -> None:
    stored = {spool.store([f"text {number}".encode()], 100)[0] for number in range(5)}

    assert set(spool.names()) == stored
    assert set(spool.names(older_than_s=3600)) == (
        set() if isinstance(spool, FolderSpool) else stored  # the bucket says it is of January
    )


def test_what_else_lies_in_the_bucket_is_not_ours(bucket: str, tmp_path: Path) -> None:
    spool = S3Spool(bucket, KEY_ID, SECRET, tmp_path)
    Bucket.files |= {"originals/read.me": b"x", f"originals/other/{NAME[:2]}/{NAME}": b"x"}
    stored, _ = spool.store([b"ours"], 100)

    assert spool.names() == [stored]


def test_a_bucket_that_fails_is_said_and_nothing_is_acknowledged(
    bucket: str, tmp_path: Path
) -> None:
    spool = S3Spool(bucket, KEY_ID, SECRET, tmp_path)
    Bucket.fails = True

    with pytest.raises(NotReadyError, match="answered 503: check FOOTNOTE_SPOOL_URL"):
        spool.store([TEXT], 1000)
    with pytest.raises(NotReadyError):
        spool.read(Blob(NAME, 0, 5))

    Bucket.fails = False
    assert spool.names() == []
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_not_there_or_no_store_at_all_is_said(tmp_path: Path) -> None:
    nowhere = S3Spool("s3+http://127.0.0.1:9/bucket", KEY_ID, SECRET, tmp_path)

    with pytest.raises(NotReadyError, match="does not answer"):
        nowhere.store([TEXT], 1000)
    with pytest.raises(SettingsError, match="FOOTNOTE_SPOOL_URL"):
        S3Spool("https://example.com/bucket", KEY_ID, SECRET, tmp_path)
