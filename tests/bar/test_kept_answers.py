"""Answers that were kept: whose, how long, and what a hostile Redis can do: A4, A6, R2, R3."""

import http.client
import itertools
import json
import os
import random
import threading
import time
from pathlib import Path

import pytest
import redis

from tests.bar.conftest import Figure, MakeRunning, Running, lines
from tests.bar.test_redis import redis_server
from tests.ports import free_port

SCALE = int(os.environ.get("BAR_SCALE", "1"))
_PAIRS = 15 * SCALE
_REQUESTS, _ABORTED = 100 * SCALE, 0.3
_STALE_ROUNDS = 5 * SCALE


@pytest.fixture(params=["memory", "redis"])
def keeping(
    request: pytest.FixtureRequest,
    make_running: MakeRunning,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Running:
    """Return a service that keeps answers, in its memory or in a real Redis."""
    # What a busy machine makes slow is not left alone here.
    monkeypatch.setattr("services.cache.redis_answers._PATIENCE_S", 10.0)
    # A database of its own: other tests count the messages in theirs.
    apart = f"{redis_url.removesuffix('/0')}/7"
    shared = {"redis_url": apart} if request.param == "redis" else {}
    return make_running(answers_kept=1000, **shared)


def ask(running: Running, question: str, key: str | None = None) -> dict[str, object]:
    status, told = running.call("POST", "/v1/ask", {"question": question}, key)
    assert status == 200, told
    return dict(told)


def was_kept(running: Running, answer: dict[str, object], key: str | None = None) -> bool:
    status, told = running.call("GET", f"/v1/answers/{answer['id']}", key=key)
    assert status == 200, told
    return "kept_from" in told["trace"]


def test_a6_an_answer_is_kept_for_whom_reads_the_same_alone(
    keeping: Running, figure: Figure
) -> None:
    secrets = {}
    for team in ("red", "blue"):
        keeping.call("POST", "/v1/collections", {"name": team})
        rooms = [f"Room {n} of the tower has code zq{team}{n}." for n in range(_PAIRS)]
        keeping.upload("rooms.jsonl", lines(*rooms, prefix=team), collection=team)
        # Two people of one team.
        people = [keeping.key_for(f"{team}{n}", user=f"{team}{n}") for n in range(2)]
        keeping.grant(team, *[(f"user:{team}{n}", "ask") for n in range(2)])
        secrets[team] = [secret for _, secret in people]
    keeping.ingest()
    hits = foreign = 0
    for number in range(_PAIRS):
        question = f"Which code has room {number} of the tower?"
        for team, other in (("red", "blue"), ("blue", "red")):
            first = ask(keeping, question, secrets[team][0])
            again = ask(keeping, question, secrets[team][1])
            near = ask(keeping, question.replace("room", "Room"), secrets[team][1])
            assert not was_kept(keeping, first, secrets[team][0])
            hits += was_kept(keeping, again, secrets[team][1])
            assert again["answer"] == first["answer"]
            assert again["citations"] == first["citations"]
            assert again["id"] != first["id"]
            foreign += any(f"zq{other}" in json.dumps(one) for one in (first, again, near))
    assert foreign == 0
    assert hits == 2 * _PAIRS
    figure(
        "A6", f"{_PAIRS} questions of two teams: {foreign} foreign, {hits} of {hits} hits within"
    )


def test_a4_nothing_stale_is_given_again(keeping: Running, figure: Figure) -> None:
    stale = 0
    told: dict[str, object] = {}
    for version in range(_STALE_ROUNDS):
        text = f"The marker of the house is zqv{version}q and no other."
        keeping.upload("house.txt", text.encode(), source_id="house")
        keeping.ingest()
        for _ in range(2):
            told = ask(keeping, "What is the marker of the house?")
            stale += f"zqv{version}q" not in str(told["answer"])
    assert was_kept(keeping, told)
    status, listed = keeping.call("GET", "/v1/documents")
    assert status == 200
    for document in listed["documents"]:
        keeping.call("DELETE", f"/v1/documents/{document['id']}")
    told = ask(keeping, "What is the marker of the house?")
    assert "zqv" not in json.dumps(told)
    assert stale == 0
    figure("A4", f"{_STALE_ROUNDS} versions of a kept answer's document: {stale} stale")


def test_what_was_asked_is_deleted_with_all_that_was_kept_of_it(
    keeping: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(
        type(keeping.house.generator), "forget", lambda _, segment: forgotten.append(segment)
    )
    keeping.upload("house.txt", b"The marker of the house is zqmarker and no other.")
    keeping.ingest()
    _, mine = keeping.key_for("mine", user="mine")
    _, theirs = keeping.key_for("theirs", user="theirs")
    keeping.grant("default", ("user:mine", "ask"), ("user:theirs", "ask"))
    asked = {"question": "What is the marker of the house?", "conversation": "talk-1"}
    _, answer = keeping.call("POST", "/v1/ask", asked, mine)
    _, other = keeping.call("POST", "/v1/ask", {**asked, "conversation": "talk-2"}, mine)
    assert was_kept(keeping, other, mine)
    path, conversation = f"/v1/answers/{answer['id']}", "/v1/answers?conversation=talk-1"

    # Whose they are not they do not exist for.
    assert keeping.call("DELETE", path, key=theirs)[0] == 404
    assert keeping.call("DELETE", conversation, key=theirs) == (200, {"removed": 0})
    assert keeping.call("DELETE", "/v1/answers", key=mine)[0] == 422
    assert forgotten == []

    assert keeping.call("DELETE", conversation, key=mine) == (200, {"removed": 1})
    assert keeping.call("GET", path, key=mine)[0] == 404
    _, listed = keeping.call("GET", "/v1/answers", key=mine)
    assert [one["id"] for one in listed["answers"]] == [other["id"]]
    assert forgotten
    assert not was_kept(keeping, ask(keeping, asked["question"], mine), mine)
    # An owner may delete anybody's.
    assert keeping.call("DELETE", f"/v1/answers/{other['id']}")[0] == 200


def test_r2_who_leaves_gets_nobody_else_an_answer_of_theirs(
    keeping: Running, figure: Figure
) -> None:
    rooms = [f"Room {n} has marker zq{n:04d}x and more." for n in range(_REQUESTS)]
    keeping.upload("rooms.jsonl", lines(*rooms))
    keeping.ingest()
    numbers = itertools.count()
    wrong: list[str] = []
    answered = [0]

    def client(seed: int) -> None:
        chance = random.Random(seed)
        while (number := next(numbers)) < _REQUESTS:
            connection = http.client.HTTPConnection("127.0.0.1", keeping.port, timeout=60)
            body = json.dumps({"question": f"Which marker has room {number}?"})
            headers = {"Authorization": f"Bearer {keeping.key}", "Content-Type": "application/json"}
            connection.request("POST", "/v1/ask", body, headers)
            if chance.random() < _ABORTED:
                time.sleep(chance.random() * 0.02)
            else:
                told = json.loads(connection.getresponse().read())
                answered[0] += 1
                if f"zq{number:04d}x" not in told["answer"]:
                    wrong.append(f"{number}: {told['answer']}")
            connection.close()

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answered[0] > _REQUESTS // 2
    assert wrong == []
    figure("R2", f"{_REQUESTS} questions, {_REQUESTS - answered[0]} left: 0 foreign answers")


def test_r3_what_redis_holds_is_not_believed(
    make_running: MakeRunning, tmp_path: Path, figure: Figure
) -> None:
    port = free_port()
    with redis_server(tmp_path, port):
        running = make_running(answers_kept=1000, redis_url=f"redis://127.0.0.1:{port}/0")
        running.upload("a.txt", b"The marker is zqtrue and nothing else. The code is zqcode.")
        running.ingest()
        question = "What is the marker?"
        client = redis.Redis(port=port)
        truth = ask(running, question)["answer"]
        true_name = next(client.scan_iter("footnote:answer:*"))
        other = ask(running, "What is the code?")
        names = list(client.scan_iter("footnote:answer:*"))
        assert len(names) == 2
        other_name = next(name for name in names if name != true_name)
        values: dict[object, bytes] = {name: client.get(name) for name in names}  # type: ignore[misc]
        assert was_kept(running, ask(running, question))
        whole = values[true_name]
        hostile = [
            b"",
            b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.",
            b"\xff" * 5000,
            whole[32:],
            whole.replace(b"zqtrue", b"zqfake"),
            values[other_name],
            whole[:-1],
            b"0" * (2 << 20),
        ]
        for value in hostile:
            client.set(true_name, value)
            told = ask(running, question)
            assert told["answer"] == truth
            assert not was_kept(running, told)
        client.delete(true_name)
        client.rpush(true_name, "a list")
        assert ask(running, question)["answer"] == truth
        client.close()
    assert other["answered"]
    figure("R3", f"{len(hostile) + 1} hostile values under an answer's key: all are no answer")
