"""Who may see what: A1 to A5, A8, A12, A13 of the bar."""

import os
import random
import re
import sqlite3
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.api.app import refuse_open_routes
from services.domain.audit import AuditEntry, first_fault
from services.domain.errors import SettingsError
from services.listening import refuse_unsafe_address
from services.settings import Settings
from tests.bar.conftest import Figure, MakeRunning, Obedient, Running, lines

SCALE = int(os.environ.get("BAR_SCALE", "1"))

PUBLIC = {"/", "/widget.js", "/favicon.svg", "/health/live", "/health/ready", "/assets/{name}"}
# More than any topic has documents that one user may read.
_LIMIT = 20
BODIES = {
    "/grants": {"grants": []},
    "/feedback": {"thumb": "up"},
    "/replay": {},
    "/readers": {"readers": None},
}

# Names no object of anybody's: what comes there is vouched for by a signature (A10).
SIGNED = {"/webhooks/{platform}"}


def operations(running: Running) -> list[tuple[str, str]]:
    """Return every operation of the OpenAPI document: method and path."""
    _, described = running.call("GET", "/openapi.json")
    found = [
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    return [*found, ("GET", "/openapi.json")]


def test_a1_every_route_needs_a_principal(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    tried = 0
    for method, path in operations(running):
        if path in PUBLIC:
            continue
        filled = re.sub(r"{[^}]+}", "x", path)
        for headers in (
            {"Authorization": ""},
            {"Authorization": "Bearer"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "Bearer fn-wrong"},
            {"Authorization": f"bearer {running.key}x"},
        ):
            status, _, _ = running.raw(method, filled, {}, headers=headers)
            assert status == 401, (method, path, headers)
            tried += 1
    # The positive control: the right key opens them.
    assert running.call("GET", "/v1/documents")[0] == 200
    refuse_open_routes(running.app)
    running.app.add_api_route("/assets/x/keys", lambda: "open", methods=["GET"])
    with pytest.raises(AssertionError, match="not on the list"):
        refuse_open_routes(running.app)
    figure("A1", f"{tried} calls without a good key, all 401; an unlisted open route stops start")


def test_a2_another_users_objects_do_not_exist(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    _, mine = running.key_for("a", ["write"])
    running.upload("secret.txt", b"The vault code is Z4711 and nobody knows.", collection="private")
    running.ingest()
    _, listed = running.call("GET", "/v1/documents?collection=private")
    document = listed["documents"][0]["id"]
    _, answer = running.call("POST", "/v1/ask", {"question": "What is the vault code?"}, mine)
    key_id, _ = running.key_for("victim")
    targets = {
        "document_id": document,
        "answer_id": answer["id"],
        "name": "private",
        "key_id": key_id,
        "page": "1",
    }
    _, stranger = running.key_for("b")
    tried = leaked = 0
    for method, path in operations(running):
        if "{" not in path or path in PUBLIC | SIGNED:
            continue
        theirs = path.format(**targets)
        random_one = path.format(**dict.fromkeys(targets, "does-not-exist") | {"page": "1"})
        body = BODIES.get(path.rsplit("}", 1)[-1], {"instructions": "x"})
        got = running.raw(method, theirs, body, stranger)
        control = running.raw(method, random_one, body, stranger)
        tried += 1
        told = got[1].replace(theirs.split("/")[3].encode(), b"does-not-exist")
        leaked += (got[0], told) != (control[0], control[1]) or got[0] not in {403, 404}
    assert leaked == 0
    # The owner's control, and nothing was changed by the stranger.
    assert running.call("GET", f"/v1/documents/{document}")[0] == 200
    assert running.call("GET", f"/v1/answers/{answer['id']}", key=mine)[0] == 200
    figure("A2", f"{tried} operations on another's objects: 0 successes, same as a random id")


@dataclass(frozen=True)
class Library:
    """40 collections of 10 documents, and 20 users who may read some of them each."""

    running: Running
    allowed: dict[str, set[str]]
    holding: dict[str, list[tuple[str, str]]]

    def misplaced(self, key: str, word: str) -> tuple[int, int, int]:
        """Search; return foreign passages, permitted ones found, and permitted ones there are."""
        body = {"query": f"Which document is about {word}?", "limit": _LIMIT}
        status, told = self.running.call("POST", "/v1/search", body, key)
        assert status == 200, told
        got = {(one["collection"], one["source_id"]) for one in told["passages"]}
        foreign = sum(collection not in self.allowed[key] for collection, _ in got)
        wanted = {one for one in self.holding[word] if one[0] in self.allowed[key]}
        return foreign, len(wanted & got), min(len(wanted), _LIMIT)

    def leaked(self, key: str, word: str) -> int:
        """Ask; return how many foreign collections show in answer, citations, counts or trace."""
        _, told = self.running.call("POST", "/v1/ask", {"question": f"What is {word}?"}, key)
        _, kept = self.running.call("GET", f"/v1/answers/{told['id']}", key=key)
        seen = {f"col{number}" for number in re.findall(r"c(\d+)n\d+x", f"{told}{kept}")}
        cited = {citation["collection"] for citation in told["citations"]}
        return len((seen | cited) - self.allowed[key])


def filled(running: Running, draw: random.Random) -> Library:
    """Fill a service with a library."""
    holding: dict[str, list[tuple[str, str]]] = {f"topic{number}": [] for number in range(40)}
    grants: dict[str, list[tuple[str, str]]] = {f"col{number}": [] for number in range(40)}
    for number, name in enumerate(grants):
        texts = []
        for one in range(10):
            topics = draw.sample(sorted(holding), 2)
            texts.append(
                f"Document c{number}n{one} about {topics[0]} and {topics[1]} "
                f"holds marker c{number}n{one}x. It was written in {1900 + one}."
            )
            for topic in topics:
                holding[topic].append((name, f"c{number}n{one}"))
        running.upload("batch.jsonl", lines(*texts, prefix=f"c{number}n"), collection=name)
    running.ingest()
    allowed = {}
    for user in range(20):
        _, secret = running.key_for(f"user{user}", user=f"user{user}")
        allowed[secret] = set(draw.sample(sorted(grants), draw.randrange(1, 12)))
        for name in allowed[secret]:
            grants[name].append((f"user:user{user}", "ask"))
    for name, held in grants.items():
        running.grant(name, *held)
    return Library(running, allowed, holding)


def test_a3_nothing_foreign_is_ever_found(make_running: MakeRunning, figure: Figure) -> None:
    draw = random.Random(5)
    library = filled(make_running(Obedient()), draw)
    keys, words = sorted(library.allowed), sorted(library.holding)
    size = 500 * SCALE
    asked = [(draw.choice(keys), draw.choice(words)) for _ in range(size)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: library.misplaced(*one), asked[: -size // 10]))
        leaks = sum(pool.map(lambda one: library.leaked(*one), asked[-size // 10 :]))

    foreign, recalled, wanted = (sum(column) for column in zip(*found, strict=True))
    assert (foreign, leaks) == (0, 0)
    assert wanted > size // 2
    assert recalled == wanted
    figure(
        "A3",
        f"20 users, 400 documents, {size:,} questions, obedient model: 0 foreign passages; "
        f"{recalled} of {wanted} permitted ones found",
    )


def test_a4_a_revoked_grant_holds_from_the_next_request(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running(Obedient())
    running.upload("vault.txt", b"The vault code is Z4711. It was set in May.", collection="a")
    running.ingest()
    key_id, secret = running.key_for("reader")
    leaks = 0
    for _ in range(10):
        running.grant("a", (f"key:{key_id}", "ask"))
        question = {"question": "What is the vault code?"}
        assert "Z4711" in str(running.call("POST", "/v1/ask", question, secret)[1])
        running.grant("a")
        leaks += "Z4711" in str(running.call("POST", "/v1/ask", question, secret)[1])
        leaks += "Z4711" in str(running.call("POST", "/v1/search", {"query": "vault"}, secret)[1])
    _, listed = running.call("GET", "/v1/documents?collection=a")
    running.grant("a", (f"key:{key_id}", "ask"))
    _, answer = running.call("POST", "/v1/ask", {"question": "What is the vault code?"}, secret)
    running.call("DELETE", f"/v1/documents/{listed['documents'][0]['id']}")
    leaks += "Z4711" in str(running.call("POST", "/v1/search", {"query": "vault"}, secret)[1])
    leaks += "Z4711" in str(running.call("GET", f"/v1/answers/{answer['id']}", key=secret)[1])
    assert leaks == 0
    figure("A4", "10 grants and a document taken away after caches were warm: 0 leaks")


@pytest.mark.alone
def test_a5_what_one_may_not_see_looks_like_nothing(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running()
    running.upload("batch.jsonl", lines(*(f"text {n}" for n in range(50))), collection="a")
    running.ingest()
    _, listed = running.call("GET", "/v1/documents?collection=a&limit=200")
    ids = [document["id"] for document in listed["documents"]]
    _, stranger = running.key_for("b")
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(250):
        real = ids[number % len(ids)]
        for exists, target in ((True, real), (False, real[:-6] + "0a0b0c")):
            began = time.perf_counter()
            status, body, _ = running.raw("GET", f"/v1/documents/{target}", key=stranger)
            took[exists].append(time.perf_counter() - began)
            assert status == 404
            assert body.replace(target.encode(), b"ID") == (
                b'{"error":{"code":"document_not_found",'
                b'"message":"There is no document \'ID\' that you may read."}}'
            )
    apart = abs(statistics.median(took[True]) - statistics.median(took[False])) * 1000
    assert apart < 2
    figure("A5", f"500 pairs: same status and body; medians {apart:.2f} ms apart")


def test_a8_keys_are_hashes_and_end_at_once(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    secrets = [running.key_for(f"k{number}", ["ask"]) for number in range(10)]
    dump = b"".join(
        path.read_bytes()
        for path in running.settings.data_dir.glob("registry.sqlite*")
        if path.is_file()
    )
    plain = sum(secret.encode() in dump for _, secret in secrets)
    assert (plain, running.key.encode() in dump) == (0, False)
    slowest = 0.0
    for key_id, secret in secrets:
        assert running.call("GET", "/v1/collections", key=secret)[0] == 200
        began = time.perf_counter()
        running.call("DELETE", f"/v1/keys/{key_id}")
        assert running.call("GET", "/v1/collections", key=secret)[0] == 401
        slowest = max(slowest, time.perf_counter() - began)
    _, asker = running.key_for("asker", ["ask"])
    refused = [
        running.call(method, path, body, asker)[0]
        for method, path, body in (
            ("POST", "/v1/keys", {"name": "more", "scopes": ["admin"]}),
            ("GET", "/v1/keys", None),
            ("POST", "/v1/collections", {"name": "mine"}),
            ("GET", "/v1/audit", None),
        )
    ]
    assert refused == [403] * 4
    assert running.upload("a.txt", b"text", asker)[0] in {403, 404}
    soon = datetime.now(UTC) + timedelta(seconds=2)
    ending = running.key_for("old", ["ask"], expires_at=soon.isoformat())[1]
    assert running.call("GET", "/v1/collections", key=ending)[0] == 200
    time.sleep(2.1)
    assert running.call("GET", "/v1/collections", key=ending)[0] == 401
    assert slowest < 1
    figure(
        "A8", f"0 plain keys in the database; revoked within {slowest * 1000:.0f} ms; 0 escalations"
    )


def test_a12_the_audit_log_has_each_operation_once_and_shows_tampering(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running()
    key_id, stranger = running.key_for("stranger")
    running.upload("a.txt", b"The canary sings at noon.", collection="a")
    running.ingest()
    before = running.call("GET", "/v1/audit?limit=1000")[1]["last"]["seq"]
    expected = []
    for number in range(100):
        running.call("POST", "/v1/search", {"query": f"canary-secret-{number}"})
        running.call("POST", "/v1/collections", {"name": f"c{number}"})
        status, _ = running.call("DELETE", f"/v1/documents/doc_{number}", key=stranger)
        expected += [("POST", "/v1/search", 200), ("POST", "/v1/collections", 201)]
        expected.append(("DELETE", f"/v1/documents/doc_{number}", status))
    told = running.call("GET", f"/v1/audit?after={before}&limit=1000")[1]["entries"]
    assert [(one["action"], one["target"], one["status"]) for one in told] == expected
    assert {one["principal"] for one in told} == {"key:owner", f"key:{key_id}"}
    assert "canary-secret" not in str(told)
    found = sum(_is_found(running, seed) for seed in range(60))
    assert running.house.registry.audit.fault() is None
    assert found == 60
    with sqlite3.connect(running.settings.data_dir / "registry.sqlite") as database:
        database.execute("UPDATE audit SET status = 299 WHERE seq = 3")
    assert running.house.registry.audit.fault() is not None
    figure("A12", "300 operations, one entry each, denials too; 60 of 60 tamperings found")


def _is_found(running: Running, seed: int) -> bool:
    """Edit, drop or reorder an entry of the exported log; say whether that is seen."""
    whole = _audit_of(running)
    last = (whole[-1].seq, whole[-1].hash)
    draw = random.Random(seed)
    at = draw.randrange(len(whole) - 1)
    harm = draw.choice(("edit", "drop", "swap", "tail"))
    if harm == "edit":
        whole[at] = replace(whole[at], status=whole[at].status + 1)
    elif harm == "swap":
        whole[at], whole[at + 1] = whole[at + 1], whole[at]
    else:
        del whole[at if harm == "drop" else -1]
    return first_fault(whole, last) is not None


def _audit_of(running: Running) -> list[AuditEntry]:
    last, _ = running.house.registry.audit.last()
    return [
        entry
        for start in range(0, last, 500)
        for entry in running.house.registry.audit.after(start, min(500, last - start))
    ]


def test_a13_secrets_stay_in_and_an_open_address_needs_a_word(
    make_running: MakeRunning, figure: Figure, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    running = make_running(Obedient(), generation_key="canary-generation-key")
    _, secret = running.key_for("canary")
    running.upload("a.txt", b"Any text at all will do here.", collection="a")
    running.ingest()
    seen = [
        running.call(method, path, body, key)[1]
        for key in (running.key, secret, "fn-wrong-canary")
        for method, path, body in (
            ("GET", "/metrics", None),
            ("GET", "/v1/keys", None),
            ("GET", "/openapi.json", None),
            ("GET", "/v1/documents/none", None),
            ("POST", "/v1/ask", {"question": "Which text will do?"}),
            ("POST", "/v1/ask", {"question": 5}),
            ("POST", "/v1/nothing", {}),
        )
    ]
    out = capfd.readouterr()
    everything = f"{seen}{out.out}{out.err}"
    found = sum(one in everything for one in (running.key, secret, "canary-generation-key"))
    assert found == 0
    for host in ("0.0.0.0", "::", "192.168.1.5"):  # noqa: S104
        with pytest.raises(SettingsError, match="FOOTNOTE_PUBLIC"):
            refuse_unsafe_address(Settings.load(data_dir=tmp_path, host=host))
    with pytest.raises(SettingsError):
        Settings.load(data_dir=tmp_path, owner_key="short")
    figure(
        "A13", "3 canaries in 21 replies, logs and metrics: 0 seen; open address, weak key refused"
    )
