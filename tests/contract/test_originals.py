"""An acknowledged document keeps its original, whatever is deleted at the same moment."""

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest import worker
from ingest.cli.verification import verify_data
from services.api import uploads
from services.api.uploads import Door, Taken, Upload, take
from services.domain.documents import Blob, DocumentFilter, NewDocument, Reading, Status
from services.domain.errors import InvalidRequestError
from services.domain.passages import Chunk, PreparedPassage
from services.domain.scope import Role
from services.jobs.memory_queue import MemoryQueue
from services.registry.folder_spool import FolderSpool
from services.registry.keys import OWNER
from services.registry.prepared import PreparedDocument
from services.registry.sqlalchemy_registry import Registry
from services.settings import Settings
from services.wiring import open_registry, open_spool
from tests.contract.databases import empty_database

TEXT = b"hello world"
LINE = json.dumps({"id": "1", "title": "t", "text": "hello"}).encode()


@pytest.fixture(params=["sqlite", "postgres"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    registry = Registry.over(empty_database(request.param, tmp_path, request), "k")
    registry.collections.create("default", "", {})
    yield Door(registry, FolderSpool(tmp_path / "spool"), MemoryQueue())
    registry.close()


@pytest.fixture
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry.over(empty_database("postgres", tmp_path, request), "k")
    registry.collections.create("default", "", {})
    yield registry
    registry.close()


def upload(door: Door, name: str, data: bytes, source_id: str = "") -> Taken:
    scope = door.registry.collections.scope_of(OWNER)
    return take(door, scope, Upload(name, io.BytesIO(data), "default", source_id, {}), 10**6)


def remove(door: Door, document_id: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Remove a document as the API does, with something *meanwhile* that may have to wait."""
    scope = door.registry.collections.scope_of(OWNER)
    document, _ = door.registry.documents.remove(scope, document_id)
    beside = threading.Thread(target=meanwhile)
    with door.registry.documents.unused_blob(document.blob.sha256) as is_unused:
        beside.start()
        beside.join(0.3)
        if is_unused:
            door.spool.remove(document.blob.sha256)
    beside.join(20)


def all_have_bytes(door: Door) -> list[bool]:
    scope = door.registry.collections.scope_of(OWNER)
    held, _ = door.registry.documents.listed(scope, DocumentFilter())
    return [door.spool.holds(one.blob.sha256) for one in held]


def test_bytes_sent_again_while_they_are_deleted_stay(door: Door) -> None:
    first = upload(door, "a.txt", TEXT)

    remove(door, str(first.body["id"]), lambda: upload(door, "a.txt", TEXT))

    assert all_have_bytes(door) == [True]


def test_bytes_that_another_document_needs_stay(door: Door) -> None:
    first = upload(door, "a.txt", TEXT, "one")
    upload(door, "a.txt", TEXT, "other")

    remove(door, str(first.body["id"]))

    assert all_have_bytes(door) == [True]


def test_lines_sent_again_while_they_are_deleted_stay(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(door, "a.jsonl", LINE)
    scope = door.registry.collections.scope_of(OWNER)
    [old], _ = door.registry.documents.listed(scope, DocumentFilter())
    accept = uploads._accept

    def removed_before(*given: object) -> object:
        remove(door, old.id)
        return accept(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(uploads, "_accept", removed_before)
    upload(door, "a.jsonl", LINE)

    assert all_have_bytes(door) == [True]


def test_a_version_put_back_while_orphans_are_swept_stays(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.spool.store([TEXT], 100)
    door.spool.store([b"needed by nobody"], 100)
    monkeypatch.setattr(worker, "_ORPHANS_S", 0.0)
    unused_blob = door.registry.documents.unused_blob

    @contextmanager
    def put_back_before(sha256: str) -> Iterator[bool]:
        if sha256 == hashlib.sha256(TEXT).hexdigest():
            upload(door, "a.txt", TEXT)
        with unused_blob(sha256) as is_unused:
            yield is_unused

    monkeypatch.setattr(door.registry.documents, "unused_blob", put_back_before)

    assert worker.remove_orphans(door.registry, door.spool) == 1
    assert all_have_bytes(door) == [True]


def test_what_is_being_finished_is_not_queued_again(postgres: Registry) -> None:
    scope = postgres.collections.scope_of(OWNER)
    new = NewDocument("a.txt", "", "text/plain", "a" * 64, Blob("a" * 64, 0, 5))
    target = scope.collection("default", Role.WRITE)
    [(document, _)] = postgres.documents.accept(target, [new], int(time.time()) + 60)
    [claimed] = postgres.work.claim([document.id], -1, 3)
    passage = PreparedPassage(Chunk(0, 5, "hello"), b"\0" * 16, b"", 0, "title", "hello")
    waiting = postgres.work.finish
    seen: list[list[str]] = []
    beside = threading.Thread(target=lambda: seen.append(list(postgres.work.forgotten(10, 60))))

    class Slow(tuple[PreparedPassage, ...]):
        """Passages that are looked at only once the sweeper has begun."""

        __slots__ = ()

        def __iter__(self) -> Iterator[PreparedPassage]:
            if not beside.ident:
                beside.start()
                beside.join(1)
            return super().__iter__()

    waiting([PreparedDocument(claimed, Reading("hello", "T"), Slow((passage,)))], "m")
    beside.join(20)

    assert seen == [[]]
    assert postgres.documents.get(scope, document.id).status is Status.READY


def test_a_place_that_postgres_cannot_hold_is_refused_everywhere(door: Door) -> None:
    for place in ("a\0b", "位" * 700, "\ud800" * 700):
        with pytest.raises(InvalidRequestError, match="source_id"):
            upload(door, "a.txt", TEXT, place)
    with pytest.raises(InvalidRequestError, match="line 1"):
        upload(door, "a.jsonl", json.dumps({"id": "位" * 700, "text": "x"}).encode())
    upload(door, "a.txt", TEXT, "位" * 600)


def test_a_nul_that_reaches_postgres_is_told(postgres: Registry) -> None:
    with pytest.raises(InvalidRequestError, match="NUL"):
        postgres.documents.get(postgres.collections.scope_of(OWNER), "doc\0")


def test_a_look_at_the_data_tells_of_originals_that_are_gone(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path)
    registry, spool = open_registry(settings), open_spool(settings)
    door = Door(registry, spool, MemoryQueue())
    upload(door, "a.txt", TEXT)
    upload(door, "b.txt", b"another")
    assert verify_data(settings)["faults"] == []

    spool.remove(hashlib.sha256(TEXT).hexdigest())
    registry.close()

    assert verify_data(settings)["faults"] == [
        "The original of a.txt is gone: add the document again."
    ]
