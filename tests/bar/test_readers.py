"""Documents with readers of their own: A3 within a collection."""

import json
from typing import Any

from tests.bar.conftest import Figure, MakeRunning, Obedient, Running

OPEN = b"The canteen is open from noon. Marker zqopen."
SECRET = b"The bonus of the board is Z4711. Marker zqsecret."


def found(running: Running, key: str) -> set[str]:
    """Return the documents whose passages a key finds."""
    _, told = running.call("POST", "/v1/search", {"query": "zqopen zqsecret"}, key)
    return {one["document_name"] for one in told["passages"]}


def listed(running: Running, key: str) -> dict[str, Any]:
    """Return the documents that a key may list, by name."""
    _, told = running.call("GET", "/v1/documents?collection=a", key=key)
    assert told["counts"]["ready"] == len(told["documents"])
    return {one["name"]: one for one in told["documents"]}


def test_a_document_with_readers_exists_for_them_alone(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running(Obedient())
    running.upload("open.txt", OPEN, collection="a")
    _, boss = running.key_for("boss", user="boss", groups=["board"])
    clerk_id, clerk = running.key_for("clerk", user="clerk")
    running.grant("a", ("user:boss", "read"), ("user:clerk", "write"))
    readers = json.dumps(["group:board"])
    status, made = running.upload(
        "secret.txt", SECRET, collection="a", source_id="s", readers=readers
    )
    assert (status, made["readers"]) == (202, ["group:board"])
    running.ingest()

    assert found(running, boss) == {"open.txt", "secret.txt"}
    assert found(running, clerk) == {"open.txt"}
    assert set(listed(running, clerk)) == {"open.txt"}
    assert running.call("GET", f"/v1/documents/{made['id']}", key=clerk)[0] == 404
    assert running.call("DELETE", f"/v1/documents/{made['id']}", key=clerk)[0] == 404
    _, collections = running.call("GET", "/v1/collections", key=clerk)
    assert [one["documents"] for one in collections["collections"]] == [1]
    asked = {"question": "What is the bonus of the board?"}
    assert "Z4711" not in str(running.call("POST", "/v1/ask", asked, clerk)[1])
    assert "Z4711" in str(running.call("POST", "/v1/ask", asked, boss)[1])
    _versions_and_changes(running, boss, clerk, clerk_id)
    figure("A3", "a document with readers of its own: found, listed, counted for them alone")


def _versions_and_changes(running: Running, boss: str, clerk: str, clerk_id: str) -> None:
    made = listed(running, boss)["secret.txt"]
    # The same bytes from somebody who may not see them: a document of one's own, not a hint.
    status, theirs = running.upload("mine.txt", SECRET, clerk, collection="a")
    assert (status, theirs["id"] == made["id"]) == (202, False)
    running.call("DELETE", f"/v1/documents/{theirs['id']}", key=clerk)

    # A new version that names no readers keeps them.
    running.upload("secret.txt", SECRET + b" Since May.", collection="a", source_id="s")
    running.ingest()
    assert found(running, clerk) == {"open.txt"}
    assert found(running, boss) == {"open.txt", "secret.txt"}

    document = listed(running, boss)["secret.txt"]["id"]
    path = f"/v1/documents/{document}/readers"
    assert running.call("PUT", path, {"readers": None}, clerk)[0] == 404
    assert running.call("PUT", path, {"readers": [f"key:{clerk_id}"]})[0] == 200
    assert (found(running, clerk), found(running, boss)) == (
        {"open.txt", "secret.txt"},
        {"open.txt"},
    )
    assert running.call("PUT", path, {"readers": None})[0] == 200
    assert found(running, boss) == found(running, clerk) == {"open.txt", "secret.txt"}
    assert running.upload("bad.txt", b"x", readers="group:board")[0] == 422
