"""The registry's battery, on SQLite and on a real Postgres."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.worker import remove_old_answers
from services.data_folder import held
from services.domain.access import ApiKey, Grant
from services.domain.answers import AnswerRecord
from services.domain.documents import (
    Blob,
    Document,
    DocumentFilter,
    Failure,
    NewDocument,
    Reading,
    Standing,
    Status,
)
from services.domain.errors import (
    AnswerNotFoundError,
    CollectionNotFoundError,
    ConflictError,
    DamagedStoreError,
    DocumentNotFoundError,
    InvalidRequestError,
    UnauthenticatedError,
)
from services.domain.passages import Chunk, PreparedPassage
from services.domain.scope import Role, Scope
from services.language import ANALYZER
from services.registry.database import check_sqlite, migrate, open_sqlite
from services.registry.keys import OWNER
from services.registry.prepared import PreparedDocument
from services.registry.rows import now
from services.registry.sqlalchemy_registry import Registry
from services.registry.tables import passages
from services.registry.vectors import GLOSSED, StoredVector
from services.settings import Settings
from services.wiring import open_registry
from tests.contract.databases import empty_database

OWNER_KEY = "owner-key-of-the-tests"


@pytest.fixture(params=["sqlite", "postgres"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    database = empty_database(request.param, tmp_path, request)
    opened = Registry.over(database, OWNER_KEY)
    opened.collections.create("default", "", {})
    yield opened
    opened.close()


def owner(registry: Registry) -> Scope:
    return registry.collections.scope_of(OWNER)


def arrive(
    registry: Registry, name: str, sha: str, source_id: str = "", collection: str = "default"
) -> tuple[Document, bool]:
    target = owner(registry).collection(collection, Role.WRITE)
    new = NewDocument(name, source_id, "text/plain", sha, Blob(sha, 0, 5))
    return registry.documents.accept(target, [new], int(time.time()) + 60)[0]


def for_one(reader: str, source_id: str, sha: str) -> NewDocument:
    blob = Blob(sha, 0, 5)
    return NewDocument("b.txt", source_id, "text/plain", sha, blob, readers=(reader,))


def finish(registry: Registry, document: Document, text: str = "hello world") -> None:
    claimed = registry.work.claim([document.id], 60, 3)
    prepared = PreparedPassage(Chunk(0, 5, text[:5]), b"\0" * 16, b"", 0, "title", "hello")
    registry.work.finish(
        [PreparedDocument(one, Reading(text, "T"), (prepared,)) for one in claimed], "m"
    )


def test_a_document_goes_from_queued_to_ready_in_one_change(registry: Registry) -> None:
    document, is_work = arrive(registry, "a.txt", "a" * 64)
    assert is_work
    assert document.status is Status.QUEUED

    finish(registry, document)

    ready = registry.documents.get(owner(registry), document.id)
    assert (ready.status, ready.passages, ready.characters) == (Status.READY, 1, 11)
    assert [(c.seq, c.kind) for c in registry.changes.after(0)] == [(1, "add")]
    assert registry.documents.text(owner(registry), document.id) == "hello world"
    assert len(registry.passages.indexed([document.id], "m")) == 1


def test_how_far_the_documents_are_that_one_may_ask(registry: Registry) -> None:
    asking = owner(registry)
    assert registry.collections.standing(asking) == Standing(
        may_ask=True, has_ready=False, unread=0
    )
    document, _ = arrive(registry, "a.txt", "a" * 64)
    arrive(registry, "b.txt", "b" * 64)
    assert registry.collections.standing(asking).unread == 2

    finish(registry, document)

    assert registry.collections.standing(asking) == Standing(may_ask=True, has_ready=True, unread=1)
    target = asking.collection("default", Role.WRITE)
    hidden = for_one("key:another", "s", "c" * 64)
    registry.documents.accept(target, [hidden], int(time.time()) + 60)
    one_of_all = Scope("key:one", (replace(target, role=Role.ASK, compartments=()),))
    assert registry.collections.standing(one_of_all).unread == 1
    assert registry.collections.standing(Scope("key:nobody")) == Standing(
        may_ask=False, has_ready=False, unread=0
    )


def test_a_document_that_is_read_again_answers_until_its_new_version_is_ready(
    registry: Registry,
) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64, "source")
    again, is_work = registry.documents.read_again(owner(registry), document.id, 9)
    assert (again.id, is_work) == (document.id, False)  # it has not been read at all
    finish(registry, document)

    again, is_work = registry.documents.read_again(owner(registry), document.id, 9)
    twice = registry.documents.read_again(owner(registry), document.id, 9)

    assert is_work
    assert twice == (again, False)
    assert again.id != document.id
    assert (again.status, again.passages, again.blob) == (Status.QUEUED, 0, document.blob)
    assert again.source_id == "source"
    assert registry.documents.text(owner(registry), document.id) == "hello world"

    finish(registry, again, "hello again")

    with pytest.raises(DocumentNotFoundError):
        registry.documents.get(owner(registry), document.id)
    assert registry.documents.text(owner(registry), again.id) == "hello again"
    assert [(c.document_id, c.kind) for c in registry.changes.after(1)] == [
        (document.id, "remove"),
        (again.id, "add"),
    ]


def test_one_that_failed_is_read_again_itself(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    registry.work.claim([document.id], 60, 3)
    registry.work.fail(document.id, Failure("corrupt", "It is corrupt."), {})

    again, is_work = registry.documents.read_again(owner(registry), document.id, 9)

    assert (again.id, again.status, again.error, is_work) == (
        document.id,
        Status.QUEUED,
        None,
        True,
    )


def test_what_is_removed_while_it_is_read_again_does_not_come_back(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    again, _ = registry.documents.read_again(owner(registry), document.id, 9)

    registry.documents.remove(owner(registry), document.id)
    finish(registry, again)

    with pytest.raises(DocumentNotFoundError):
        registry.documents.get(owner(registry), again.id)
    assert list(registry.passages.of_document(owner(registry), again.id)) == []
    with pytest.raises(DocumentNotFoundError):
        registry.documents.read_again(owner(registry), document.id, 9)


@pytest.mark.parametrize("has_failed", [False, True])
def test_a_later_version_is_what_is_read(registry: Registry, has_failed: bool) -> None:
    first, _ = arrive(registry, "a.txt", "a" * 64, "source")
    finish(registry, first)
    second, _ = arrive(registry, "a.txt", "b" * 64, "source")
    if has_failed:
        registry.work.claim([second.id], 60, 3)
        registry.work.fail(second.id, Failure("corrupt", "It is corrupt."), {})

    again, is_work = registry.documents.read_again(owner(registry), first.id, 9)

    assert (again.id, again.sha256, is_work) == (second.id, "b" * 64, has_failed)


def test_rereads_that_fail_do_not_pile_up(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64, "source")
    finish(registry, document)
    for _ in range(3):
        again, is_work = registry.documents.read_again(owner(registry), document.id, 9)
        assert is_work
        registry.work.claim([again.id], 60, 3)
        registry.work.fail(again.id, Failure("corrupt", "It is corrupt."), {})

    assert registry.documents.counts(owner(registry), DocumentFilter())["failed"] == 1
    registry.documents.remove(owner(registry), document.id)
    assert not registry.documents.blob_is_used("a" * 64)


def test_who_may_not_read_a_document_may_not_read_it_once_it_is_read_again(
    registry: Registry,
) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64, "source")
    finish(registry, document)
    again, _ = registry.documents.read_again(owner(registry), document.id, 9)
    (claimed,) = registry.work.claim([again.id], 60, 3)

    moved, left = registry.documents.set_readers(owner(registry), document.id, ["group:hr"])
    prepared = PreparedPassage(Chunk(0, 5, "hello"), b"\0" * 16, b"", 0, "title", "hello")
    registry.work.finish([PreparedDocument(claimed, Reading("hello"), (prepared,))], "m")

    after = registry.documents.get(owner(registry), again.id)
    assert after.readers == ("group:hr",)
    assert after.segment_id == moved.segment_id != left
    (passage,) = registry.passages.of_document(owner(registry), again.id)
    assert passage.collection_id == moved.segment_id


def test_a_document_for_others_alone_is_neither_shown_nor_removed(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64, "source")
    finish(registry, document)
    target = owner(registry).collection("default", Role.WRITE)
    hidden = for_one("group:hr", "source", "a" * 64)
    ((secret, _),) = registry.documents.accept(target, [hidden], int(time.time()) + 60)

    again, _ = registry.documents.read_again(owner(registry), document.id, 9)
    registry.documents.remove(owner(registry), document.id)

    assert again.id != secret.id
    assert registry.documents.get(owner(registry), secret.id).status is Status.QUEUED


def test_who_may_not_read_a_version_neither_learns_of_it_nor_replaces_it(
    registry: Registry,
) -> None:
    scope = owner(registry)
    target = scope.collection("default", Role.WRITE)
    bonus = for_one("user:boss", "hr/bonus", "a" * 64)
    ((secret, _),) = registry.documents.accept(target, [bonus], 9)
    finish(registry, secret)
    key, _ = registry.keys.create(ApiKey("", "alice", (), user="alice"))
    registry.collections.set_grants(scope, "default", [Grant("user:alice", "write")])
    hers = registry.collections.scope_of(key).collection("default", Role.WRITE)

    same, other = replace(bonus, readers=None), replace(bonus, sha256="b" * 64, readers=None)
    for new in (
        same,
        other,
        bonus,
        replace(other, readers=("user:boss",)),
        replace(other, readers=("user:alice",)),
    ):
        ((told, is_work),) = registry.documents.accept(hers, [new], 9)
        assert is_work
        assert told.id != secret.id
        assert told.readers == new.readers
        finish(registry, told)

    assert registry.documents.get(owner(registry), secret.id).status is Status.READY
    # What she sent for others alone she may replace.
    ((for_boss, _),) = registry.documents.accept(hers, [bonus], 9, "user:alice")
    finish(registry, for_boss)
    assert registry.documents.accept(hers, [bonus], 9, "user:alice")[0] == (
        registry.documents.get(owner(registry), for_boss.id),
        False,
    )
    ((again, _),) = registry.documents.accept(
        hers, [replace(bonus, sha256="d" * 64)], 9, "user:alice"
    )
    assert for_boss.id in again.replaces
    assert secret.id not in again.replaces
    # Who may read it replaces it, and those of the others that he sees.
    ((newer, _),) = registry.documents.accept(target, [replace(bonus, sha256="c" * 64)], 9)
    finish(registry, newer)
    with pytest.raises(DocumentNotFoundError):
        registry.documents.get(owner(registry), secret.id)


def test_what_waits_to_replace_a_document_replaces_its_copy_too(registry: Registry) -> None:
    first, _ = arrive(registry, "a.txt", "a" * 64, "place")
    finish(registry, first)
    target = owner(registry).collection("default", Role.WRITE)
    hidden = for_one("user:boss", "place", "b" * 64)
    ((restricted, _),) = registry.documents.accept(target, [hidden], 9)
    copy, _ = registry.documents.read_again(owner(registry), first.id, 9)

    for one in (copy, restricted):
        finish(registry, one)

    listed, _ = registry.documents.listed(owner(registry), DocumentFilter())
    assert [one.id for one in listed] == [restricted.id]


def test_one_place_on_too_many_lines_is_refused(registry: Registry) -> None:
    target = owner(registry).collection("default", Role.WRITE)
    lines = [
        NewDocument("l", "l", "application/x-ndjson", f"{i:064d}", Blob(f"{i:064d}", 0, 5))
        for i in range(60)
    ]

    with pytest.raises(InvalidRequestError, match="'l' stands on more than 50 lines"):
        registry.documents.accept(target, lines, 9)
    assert registry.documents.listed(owner(registry), DocumentFilter())[0] == []


def test_bytes_that_a_later_version_replaces_come_as_a_version_again(registry: Registry) -> None:
    first, _ = arrive(registry, "a.txt", "a" * 64, "price")
    finish(registry, first)
    second, _ = arrive(registry, "a.txt", "b" * 64, "price")
    third, is_work = arrive(registry, "a.txt", "a" * 64, "price")
    without_a_place, _ = arrive(registry, "a.txt", "a" * 64)

    assert is_work
    assert without_a_place.id == third.id
    for one in (third, second):
        finish(registry, one)

    listed, _ = registry.documents.listed(owner(registry), DocumentFilter(source_id="price"))
    assert [one.id for one in listed] == [third.id]


def test_the_same_bytes_in_two_places_are_two_documents(registry: Registry) -> None:
    one, _ = arrive(registry, "1.txt", "a" * 64, "p1")
    two, is_work = arrive(registry, "2.txt", "a" * 64, "p2")
    assert is_work
    assert arrive(registry, "1.txt", "a" * 64, "p1") == (one, False)
    for document in (one, two):
        finish(registry, document)
    changed, _ = arrive(registry, "1.txt", "b" * 64, "p1")
    finish(registry, changed)
    registry.documents.remove(owner(registry), changed.id)

    listed, _ = registry.documents.listed(owner(registry), DocumentFilter())
    assert [(document.id, document.name) for document in listed] == [(two.id, "2.txt")]


def test_what_came_without_a_place_gets_the_one_that_is_named_later(registry: Registry) -> None:
    first, _ = arrive(registry, "a.txt", "a" * 64)
    again, is_work = arrive(registry, "a.txt", "a" * 64, "place")

    assert (again.id, again.source_id, is_work) == (first.id, "place", False)
    newer, _ = arrive(registry, "a.txt", "b" * 64, "place")
    assert newer.replaces == (first.id,)
    # Where something stands in the place already, the bytes are a version of that.
    arrive(registry, "c.txt", "c" * 64)
    assert arrive(registry, "c.txt", "c" * 64, "place")[1]


def test_lines_of_one_upload_replace_each_other_in_their_order(registry: Registry) -> None:
    target = owner(registry).collection("default", Role.WRITE)
    lines = [
        NewDocument("l", "l", "application/x-ndjson", sha * 64, Blob(sha * 64, 0, 5), batch="x")
        for sha in ("a", "b", "a", "a")
    ]

    taken = registry.documents.accept(target, lines, 9)
    for document, _ in reversed(taken):
        finish(registry, document)

    assert len({document.id for document, _ in taken}) == 3
    assert taken[2][0].id == taken[3][0].id
    listed, _ = registry.documents.listed(owner(registry), DocumentFilter())
    assert [one.id for one in listed] == [taken[3][0].id]


def test_what_stands_before_a_passage_is_read_from_the_text(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    (claimed,) = registry.work.claim([document.id], 60, 3)
    text = "表 | Price\nPump | 3"
    parts = [
        PreparedPassage(Chunk(at, at + 4, text[at : at + 4]), b"", b"", 0, "", "")
        for at in (0, 10, 14)
    ]
    registry.work.finish([PreparedDocument(claimed, Reading(text, "T"), tuple(parts))], "m")
    first, second, third = registry.passages.of_document(owner(registry), document.id)

    ids = [first.id, second.id, third.id]
    assert registry.passages.before(owner(registry), ids, 12) == {
        first.id: "",
        second.id: text[:10],
        third.id: text[2:14],
    }
    assert registry.passages.before(Scope("nobody"), ids, 12) == {}


def test_the_same_bytes_again_are_the_same_document(registry: Registry) -> None:
    first, _ = arrive(registry, "a.txt", "a" * 64)
    again, is_work = arrive(registry, "b.txt", "a" * 64)

    assert again.id == first.id
    assert not is_work


def test_a_failed_document_is_queued_again_by_the_same_bytes(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    registry.work.claim([document.id], 60, 3)
    registry.work.fail(document.id, Failure("corrupt", "It is corrupt."), {})
    assert registry.documents.get(owner(registry), document.id).error == Failure(
        "corrupt", "It is corrupt."
    )

    again, is_work = arrive(registry, "a.txt", "a" * 64)

    assert (again.id, is_work, again.status) == (document.id, True, Status.QUEUED)


def test_a_new_version_replaces_the_old_once_it_is_ready(registry: Registry) -> None:
    old, _ = arrive(registry, "a.txt", "a" * 64, "here")
    finish(registry, old)
    new, _ = arrive(registry, "a.txt", "b" * 64, "here")
    assert registry.documents.get(owner(registry), old.id).status is Status.READY

    finish(registry, new)

    with pytest.raises(DocumentNotFoundError):
        registry.documents.get(owner(registry), old.id)
    assert [c.kind for c in registry.changes.after(0)] == ["add", "remove", "add"]


def test_of_two_versions_the_later_upload_stays_whoever_is_ready_first(registry: Registry) -> None:
    old, _ = arrive(registry, "a.txt", "a" * 64, "here")
    new, _ = arrive(registry, "a.txt", "b" * 64, "here")
    finish(registry, new)
    with pytest.raises(DocumentNotFoundError):
        registry.documents.get(owner(registry), old.id)

    finish(registry, old)

    listed, _ = registry.documents.listed(owner(registry), DocumentFilter(source_id="here"))
    assert [document.id for document in listed] == [new.id]


def test_a_claim_is_won_once_and_a_late_worker_stores_nothing_twice(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    slow = registry.work.claim([document.id], -1, 3)
    assert registry.work.forgotten(10, 60) == [document.id]
    finish(registry, document)

    prepared = PreparedPassage(Chunk(0, 5, "hello"), b"\0" * 16, b"", 0, "", "hello")
    registry.work.finish([PreparedDocument(slow[0], Reading("hello"), (prepared,))], "m")

    assert registry.passages.count() == 1
    assert registry.work.claim([document.id], 60, 3) == []


def test_documents_that_are_finished_together_keep_their_own_passages(registry: Registry) -> None:
    made = []
    for number, count in enumerate((3, 0, 2)):
        document, _ = arrive(registry, f"{number}.txt", f"{number}" * 64)
        [claimed] = registry.work.claim([document.id], 60, 3)
        parts = tuple(
            PreparedPassage(Chunk(i, i + 1, f"{number}{i}"), bytes([number, i]) * 8, b"", 0, "", "")
            for i in range(count)
        )
        made.append(PreparedDocument(claimed, Reading(f"text {number}", f"T{number}"), parts))

    registry.work.finish(made, "m")

    for number, one in enumerate(made):
        scope, document_id = owner(registry), one.document.id
        held = registry.documents.get(scope, document_id)
        assert (held.status, held.title) == (Status.READY, f"T{number}")
        assert held.passages == len(one.passages)
        assert registry.documents.text(scope, document_id) == f"text {number}"
        stored = registry.passages.of_document(scope, document_id)
        assert [p.text for p in stored] == [p.chunk.text for p in one.passages]
        indexed = registry.passages.indexed([document_id], "m")
        assert [p.vector for p in indexed] == [p.vector for p in one.passages]


def test_passages_that_other_rules_cut_are_cut_again(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    assert registry.passages.analyse_again() == 0
    for other in (ANALYZER - 1, ANALYZER + 1):
        with registry.database.write() as connection:
            connection.execute(
                sa.update(passages).values(analyzer=other, title_terms="x", body_terms="y")
            )

        assert registry.passages.analyse_again() == 1

        [held] = registry.passages.indexed([document.id], "m")
        assert (held.title_terms, held.body_terms) == ("t", "hello")
        assert registry.passages.analyse_again() == 0


def test_a_document_that_ends_its_reader_again_and_again_is_left_aside(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    for _ in range(2):
        registry.work.claim([document.id], -1, 2)
        registry.work.forgotten(10, 60)

    assert registry.work.claim([document.id], 60, 2) == []

    error = registry.documents.get(owner(registry), document.id).error
    assert error is not None
    assert error.code == "reader_died"


def test_a_deleted_document_is_gone_everywhere_with_a_receipt(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    record = AnswerRecord("ans_1", "key:owner", "", {}, {"answer": "hello"}, {})
    registry.answers.store(record, [document.id])

    _, receipt = registry.documents.remove(owner(registry), document.id)

    assert receipt.removed == {
        "vectors": 1,
        "passages": 1,
        "texts": 1,
        "answers": 1,
        "documents": 1,
    }
    with pytest.raises(AnswerNotFoundError):
        registry.answers.get(owner(registry), "ans_1")
    assert registry.changes.after(1)[0].kind == "remove"


def test_an_answer_that_quotes_what_is_gone_is_not_kept(registry: Registry) -> None:
    record = AnswerRecord("ans_1", "key:owner", "", {}, {}, {})

    registry.answers.store(record, ["doc_gone"])

    with pytest.raises(AnswerNotFoundError):
        registry.answers.get(owner(registry), "ans_1")


def test_what_one_may_not_read_does_not_exist(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    passage_id = registry.passages.indexed([document.id], "m")[0].passage_id
    key, _ = registry.keys.create(ApiKey("", "stranger", ()))
    stranger = registry.collections.scope_of(key)

    with pytest.raises(DocumentNotFoundError):
        registry.documents.get(stranger, document.id)
    with pytest.raises(DocumentNotFoundError):
        registry.documents.remove(stranger, document.id)
    with pytest.raises(CollectionNotFoundError):
        registry.documents.listed(stranger, DocumentFilter(collection="default"))
    assert registry.passages.by_ids(stranger, [passage_id]) == {}
    assert registry.passages.by_ids(owner(registry), [passage_id]) != {}


def test_a_grant_opens_a_collection_and_taking_it_away_closes_it(registry: Registry) -> None:
    key, _ = registry.keys.create(ApiKey("", "colleague", (), groups=("staff",)))
    registry.collections.set_grants(owner(registry), "default", [Grant("group:staff", "read")])
    assert registry.collections.scope_of(key).holding(Role.READ)

    registry.collections.set_grants(owner(registry), "default", [])

    assert not registry.collections.scope_of(key).roles


def test_keys_are_stored_as_hashes_and_end_when_revoked(registry: Registry) -> None:
    key, secret = registry.keys.create(ApiKey("", "reader", ("ask",)))
    assert registry.keys.holder(secret).id == key.id
    assert registry.keys.holder(OWNER_KEY) == OWNER
    with registry.database.read() as connection:
        rows = connection.execute(sa.text("SELECT * FROM keys")).all()
    assert secret not in str(rows)

    registry.keys.revoke(key.id)

    with pytest.raises(UnauthenticatedError):
        registry.keys.holder(secret)


def test_the_keys_that_have_ended_are_told_of_those_asked_for(registry: Registry) -> None:
    made = {
        name: registry.keys.create(ApiKey("", name, ("ask",), expires_at=expires))[0].principal
        for name, expires in (("good", None), ("revoked", None), ("old", "2020-01-01T00:00:00Z"))
    }
    registry.keys.revoke(made["revoked"].removeprefix("key:"))

    ended = registry.keys.ended([*made.values(), OWNER.principal, "user:alice", "key:unknown"])

    assert ended == {made["revoked"], made["old"], "key:unknown"}
    assert registry.keys.ended([made["good"], "user:alice"]) == frozenset()


def test_a_collection_goes_only_when_it_is_empty(registry: Registry) -> None:
    with pytest.raises(ConflictError):
        registry.collections.create("default", "", {})
    document, _ = arrive(registry, "a.txt", "a" * 64)
    with pytest.raises(ConflictError):
        registry.collections.drop(owner(registry), "default")
    registry.documents.remove(owner(registry), document.id)

    registry.collections.drop(owner(registry), "default")

    assert registry.collections.listed(owner(registry)) == []


def test_change_numbers_rise_in_the_order_of_commits(registry: Registry) -> None:
    documents = [arrive(registry, f"{i}.txt", f"{i:064d}")[0] for i in range(12)]
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while not done.is_set() or len(seen) < len(documents):
            seen.extend(c.seq for c in registry.changes.after(seen[-1] if seen else 0))
            # Else it takes the lock of Python from those that write.
            time.sleep(0.002)

    follower = threading.Thread(target=follow)
    workers = [threading.Thread(target=finish, args=(registry, one)) for one in documents]
    for thread in (follower, *workers):
        thread.start()
    for worker in workers:
        worker.join()
    done.set()
    follower.join(20)

    assert seen == list(range(1, len(documents) + 1))


def test_lists_are_paged_and_counted(registry: Registry) -> None:
    for i in range(5):
        arrive(registry, f"{i}.txt", f"{i:064d}")

    first, cursor = registry.documents.listed(owner(registry), DocumentFilter(), 0, 3)
    assert cursor is not None
    rest, end = registry.documents.listed(owner(registry), DocumentFilter(), cursor, 3)
    newest = DocumentFilter(newest_first=True)
    last, before = registry.documents.listed(owner(registry), newest, 0, 3)
    assert before is not None
    others, beginning = registry.documents.listed(owner(registry), newest, before, 3)

    assert [d.name for d in (*first, *rest)] == [f"{i}.txt" for i in range(5)]
    assert end is None
    assert [d.name for d in (*last, *others)] == [f"{i}.txt" for i in reversed(range(5))]
    assert beginning is None
    queued = DocumentFilter("default", "queued", newest_first=True)
    assert registry.documents.listed(owner(registry), queued, 0, 3) == (last, before)
    assert registry.documents.counts(owner(registry), DocumentFilter())["queued"] == 5


@pytest.mark.parametrize("empty_ones", [0, 600])
def test_pages_of_all_collections_keep_the_order_of_arrival(
    registry: Registry, empty_ones: int
) -> None:
    for name in ("second", "third", *(f"empty {i}" for i in range(empty_ones))):
        registry.collections.create(name, "", {})
    for i in range(9):
        collection = ("default", "second", "third")[i * 5 % 3]
        arrive(registry, f"{i}.txt", f"{i:064d}", collection=collection)

    for newest_first in (False, True):
        wanted = DocumentFilter(newest_first=newest_first)
        names: list[str] = []
        cursor: int | None = 0
        while cursor is not None:
            page, cursor = registry.documents.listed(owner(registry), wanted, cursor, 2)
            names += [one.name for one in page]
        arrived = [f"{i}.txt" for i in range(9)]
        assert names == (arrived[::-1] if newest_first else arrived)
    nobody = Scope("key:nobody", ())
    assert registry.documents.listed(nobody, DocumentFilter()) == ([], None)


def test_neither_a_page_nor_a_count_reads_every_document(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "registry.sqlite")
    migrate(database)
    registry = Registry.over(database, OWNER_KEY)
    for name in ("default", "second"):
        registry.collections.create(name, "", {})
    asked: list[tuple[str, tuple[object, ...]]] = []
    sa.event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, text, values, *_: asked.append((text, values)),
    )

    scope = owner(registry)
    for wanted in (
        DocumentFilter(),
        DocumentFilter("default", newest_first=True),
        DocumentFilter(batch="batch_1"),
    ):
        registry.documents.listed(scope, wanted, 0, 50)
    registry.collections.listed(scope)

    about_documents = [one for one in asked if "documents" in one[0]]
    assert len(about_documents) == 4
    with database.read() as connection:
        plans = [
            [
                str(row[3])
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            ]
            for text, values in about_documents
        ]
    registry.close()
    for plan in plans:
        own = [step for step in plan if step.startswith(("SEARCH documents", "SCAN documents"))]
        assert own
        assert all(
            "number>?" in step or "number<?" in step or "rowid=?" in step or "COVERING" in step
            for step in own
        ), plan


@pytest.mark.parametrize("damage", [b"not a database at all" * 10, b""])
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(damage)

    with pytest.raises(DamagedStoreError, match="put a backup"):
        open_sqlite(path)

    assert path.read_bytes() == damage


def test_a_large_file_is_looked_at_for_a_moment_and_read_through_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    database = open_sqlite(path)
    migrate(database)
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE zz (id INTEGER PRIMARY KEY, held BLOB)"))
        rows = [{"held": bytes(900)} for _ in range(50_000)]
        connection.execute(sa.text("INSERT INTO zz (held) VALUES (:held)"), rows)
    database.clear_log()
    for seconds in (0.0, 0.001, 10.0):
        check_sqlite(path, seconds)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 5 * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(DamagedStoreError, match="put a backup"):
        database.check()
    # What is cut off is seen at once, however large the rest is.
    database.close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedStoreError, match="put a backup"):
        check_sqlite(path, 0.0)


def test_who_opens_a_file_that_its_holder_has_looked_at_does_not_look_again(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path)
    open_registry(settings).close()
    path = tmp_path / "registry.sqlite"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(DamagedStoreError, match="put a backup"):
        open_registry(settings)
    with held(tmp_path):
        with pytest.raises(DamagedStoreError, match="put a backup"):
            open_registry(settings, is_holder=True)
        open_registry(settings).close()
    with pytest.raises(DamagedStoreError, match="put a backup"):
        open_registry(settings)


def test_data_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "registry.sqlite")
    migrate(database)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DamagedStoreError, match="newer Footnote"):
        migrate(database)
    database.close()


def test_a_stored_answer_goes_with_the_right_to_read_what_it_shows(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    key, _ = registry.keys.create(ApiKey("", "colleague", ()))
    grants = [Grant(f"key:{key.id}", "ask")]
    registry.collections.set_grants(owner(registry), "default", grants)
    record = AnswerRecord("ans_1", f"key:{key.id}", "", {}, {}, {})
    registry.answers.store(record, [document.id])
    assert registry.answers.get(registry.collections.scope_of(key), "ans_1").id == "ans_1"

    registry.collections.set_grants(owner(registry), "default", [])

    with pytest.raises(AnswerNotFoundError):
        registry.answers.get(registry.collections.scope_of(key), "ans_1")


def test_answers_are_deleted_by_whose_they_are_or_an_owner(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    mine, theirs = (
        registry.collections.scope_of(registry.keys.create(ApiKey("", name, ()))[0])
        for name in ("mine", "theirs")
    )
    for number, thread in enumerate(("one", "one", "two", None)):
        told = thread and f"{mine.principal}/{thread}"
        record = AnswerRecord(f"ans_{number}", mine.principal, "", {}, {}, {}, thread=told)
        registry.answers.store(record, [document.id])

    with pytest.raises(AnswerNotFoundError):
        registry.answers.remove(theirs, "ans_0")
    assert registry.answers.remove_thread(theirs, f"{mine.principal}/one") == 0
    # Also what shows documents that one may not read any more.
    assert registry.answers.remove_thread(mine, f"{mine.principal}/one") == 2
    registry.answers.remove(mine, "ans_2")
    with pytest.raises(AnswerNotFoundError):
        registry.answers.remove(mine, "ans_2")
    registry.answers.remove(owner(registry), "ans_3")

    _, receipt = registry.documents.remove(owner(registry), document.id)
    assert receipt.removed["answers"] == 0


def test_answers_of_some_days_ago_go_the_oldest_first(registry: Registry) -> None:
    for number, days in enumerate((0, 10, 40, 50)):
        moment = now(ago=timedelta(days=days))
        record = AnswerRecord(f"ans_{number}", "key:owner", moment, {}, {}, {})
        registry.answers.store(record, [])

    assert registry.answers.remove_older(30, 1) == 1
    assert registry.answers.remove_older(60, 9) == 0
    left = [one.id for one in registry.answers.listed(owner(registry), 9)]
    assert left == ["ans_0", "ans_1", "ans_2"]
    assert remove_old_answers(registry, 0) == 0
    assert remove_old_answers(registry, 9) == 2
    assert [one.id for one in registry.answers.listed(owner(registry), 9)] == ["ans_0"]


def test_small_files_that_wait_are_taken_together_but_none_that_was_tried(
    registry: Registry,
) -> None:
    ids = [arrive(registry, f"{n}.txt", f"{n}" * 64)[0].id for n in range(5)]
    target = owner(registry).collection("default", Role.WRITE)
    large = NewDocument("l.txt", "", "text/plain", "f" * 64, Blob("f" * 64, 0, 9999))
    registry.documents.accept(target, [large], int(time.time()) + 60)
    registry.work.claim(ids[:1], -1, 3)
    assert registry.work.forgotten(10, 60) == ids[:1]

    taken = registry.work.claim_small(3, 100, 60)
    rest = registry.work.claim_small(3, 100, 60)

    assert [one.id for one in taken] == ids[1:4]
    assert [one.id for one in rest] == ids[4:]
    assert registry.work.claim(ids[1:2], 60, 3) == []


def test_vectors_of_another_model_are_left_out_but_its_words_stay(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)

    other = registry.passages.indexed([document.id], "another-model")

    assert [(one.vector, one.body_terms) for one in other] == [(b"", "hello")]
    assert len(next(registry.passages.all_indexed("another-model"))) == 1
    assert registry.vectors.missing("another-model") == 1


def test_a_second_embedder_has_vectors_beside_those_of_the_first(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    leaving, _ = arrive(registry, "b.txt", "b" * 64)
    finish(registry, document)
    finish(registry, leaving)
    bare = registry.vectors.without("another-model", 0, 10)
    registry.documents.remove(owner(registry), leaving.id)
    made = {one.id: StoredVector(b"\1" * 8, b"\2", 1) for one in bare}

    stored = registry.vectors.store(made, "another-model")

    assert [(one.title, one.text) for one in bare] == [("T", "hello"), ("T", "hello")]
    # What left meanwhile stays away; what is there already is not stored twice.
    assert stored == 1
    assert registry.vectors.store(made, "another-model") == 0
    assert registry.vectors.count() == {"m": 1, "another-model": 1}
    last = registry.changes.after(0)[-1]
    assert (last.kind, last.document_id, last.embedder) == ("embed", document.id, "another-model")
    held = [
        registry.passages.indexed([document.id], name)[0].vector for name in ("m", "another-model")
    ]
    assert held == [b"\0" * 16, b"\1" * 8]
    _, receipt = registry.documents.remove(owner(registry), document.id)
    assert receipt.removed["vectors"] == 2


def test_a_question_reads_passages_with_the_token_vectors_of_its_embedder(
    registry: Registry,
) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)
    (passage_id,) = (one.id for one in registry.vectors.without("another-model", 0, 10))
    registry.vectors.store({passage_id: StoredVector(b"\1" * 8, b"\2\3", 1)}, "another-model")

    def read(embedder: str, scope: Scope) -> tuple[list[str], dict[int, tuple[bytes, int]]]:
        found, tokens = registry.passages.analysed(scope, [passage_id, 999], embedder)
        return [f"{one.title_terms}|{one.body_terms}" for one in found.values()], tokens

    told = ["title|hello"]
    assert read("another-model", owner(registry)) == (told, {passage_id: (b"\2\3", 1)})
    # Without token vectors, and without a vector at all, it is found by its words.
    assert read("m", owner(registry)) == (told, {})
    assert read("a third", owner(registry)) == (told, {})
    assert read("another-model", Scope("key:nobody", ())) == ([], {})


def test_a_vector_of_what_the_words_mean_is_told_apart(registry: Registry) -> None:
    documents = [arrive(registry, f"{one}.txt", one * 64)[0] for one in "ab"]
    for document in documents:
        finish(registry, document)
    said, meant = (one.id for one in registry.vectors.without("another-model", 0, 10))
    row = b"\1" * 8
    registry.vectors.store({said: StoredVector(row, b"\2", 1)}, "another-model")
    registry.vectors.store({meant: StoredVector(row, b"", GLOSSED)}, "another-model")

    for rows in (
        registry.passages.indexed([one.id for one in documents], "another-model"),
        next(registry.passages.all_indexed("another-model")),
    ):
        told = {one.passage_id: (one.vector, one.is_glossed) for one in rows}
        assert told == {said: (row, False), meant: (row, True)}
    _, tokens = registry.passages.analysed(owner(registry), [said, meant], "another-model")
    assert list(tokens) == [said]
    # Of an embedder that made nothing of it, it is found by words.
    assert not any(one.is_glossed for one in registry.passages.indexed([documents[1].id], "third"))


def test_vectors_of_an_embedder_can_be_forgotten(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    finish(registry, document)

    assert registry.vectors.forget("m") == 1

    assert registry.vectors.missing("m") == 1
    assert registry.vectors.count() == {}


def test_passages_without_a_vector_come_in_batches(registry: Registry) -> None:
    for number in range(3):
        finish(registry, arrive(registry, f"{number}.txt", f"{number}" * 64)[0])

    first = registry.vectors.without("another-model", 0, 2)
    rest = registry.vectors.without("another-model", first[-1].id, 2)

    assert [len(first), len(rest)] == [2, 1]
    assert len({one.id for one in [*first, *rest]}) == 3


def test_a_line_that_was_there_already_counts_in_the_batch_that_brings_it_again(
    registry: Registry,
) -> None:
    target = owner(registry).collection("default", Role.WRITE)

    def line(batch: str) -> NewDocument:
        sha = "c" * 64
        return NewDocument("l", "l", "application/x-ndjson", sha, Blob(sha, 0, 5), batch=batch)

    registry.documents.accept(target, [line("first")], 0)
    registry.documents.accept(target, [line("second")], 0)

    assert registry.documents.counts(owner(registry), DocumentFilter(batch="second"))["queued"] == 1


def test_a_lease_is_renewed_while_the_work_goes_on(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    registry.work.claim([document.id], -1, 3)

    registry.work.renew([document.id], 60)

    assert registry.work.forgotten(10, 60) == []


def test_only_attempts_are_counted_when_a_lease_is_shortened(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    for _ in range(3):
        assert registry.work.claim([document.id], -1, 2)
        registry.work.forgotten(10, 60)
        registry.work.shorten([document.id], is_attempt=False)

    for _ in range(2):
        assert registry.work.claim([document.id], -1, 2)
        registry.work.forgotten(10, 60)
        registry.work.shorten([document.id], is_attempt=True)

    assert registry.work.claim([document.id], 60, 2) == []


def test_stops_are_not_counted_against_a_document(registry: Registry) -> None:
    document, _ = arrive(registry, "a.txt", "a" * 64)
    for _ in range(5):
        assert registry.work.claim([document.id], 60, 2)
        registry.work.free_all()

    finish(registry, document)

    assert registry.documents.get(owner(registry), document.id).status is Status.READY


def test_a_document_that_any_number_of_answers_quote_is_deleted(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.registry.documents._BATCH", 3)
    document, _ = arrive(registry, "a.txt", "a" * 64)
    other, _ = arrive(registry, "b.txt", "b" * 64)
    for number in range(7):
        record = AnswerRecord(f"ans_{number}", "key:owner", "", {}, {}, {})
        registry.answers.store(record, [document.id, other.id])
    kept = AnswerRecord("ans_kept", "key:owner", "", {}, {}, {})
    registry.answers.store(kept, [other.id])

    _, receipt = registry.documents.remove(owner(registry), document.id)

    assert receipt.removed["answers"] == 7
    assert [one.id for one in registry.answers.listed(owner(registry), 9)] == ["ans_kept"]
