"""People who sign in elsewhere, and budgets: A9 and O11 of the bar."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from services.domain.errors import SettingsError
from services.settings import Settings
from tests.bar.conftest import Figure, MakeRunning, lines
from tests.bar.test_redis import redis_server
from tests.ports import free_port


class IssuerHandler(BaseHTTPRequestHandler):
    """An OpenID Connect issuer with one key at a time."""

    key: RSAKey
    url = ""
    fetched = 0
    # Set: answers at once. Cleared: not yet.
    open = threading.Event()
    is_away = False

    def do_GET(self) -> None:
        """Tell where the keys are, or the keys."""
        cls = type(self)
        cls.open.wait(4)
        if cls.is_away:
            self.send_error(503)
            return
        if self.path.endswith("/openid-configuration"):
            told: dict[str, Any] = {"issuer": cls.url, "jwks_uri": f"{cls.url}/keys"}
        else:
            cls.fetched += 1
            told = {"keys": [cls.key.as_dict(private=False)]}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


def rsa(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@pytest.fixture
def issuer() -> Iterator[type[IssuerHandler]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), IssuerHandler)
    IssuerHandler.key = rsa("first")
    IssuerHandler.fetched = 0
    IssuerHandler.is_away = False
    IssuerHandler.open.set()
    IssuerHandler.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield IssuerHandler
    server.shutdown()
    thread.join()
    server.server_close()


def claims(issuer: type[IssuerHandler], **changed: object) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": issuer.url,
        "aud": "footnote",
        "sub": "alice",
        "iat": now,
        "nbf": now - 1,
        "exp": now + 300,
        "groups": ["sales"],
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(key: Any, told: dict[str, Any], algorithm: str = "RS256", **header: str) -> str:
    kid = {"kid": key.kid} if key.kid else {}
    head = {"alg": algorithm, **kid, **header}
    return jwt.encode(head, told, key, algorithms=[algorithm])


def bad_tokens(issuer: type[IssuerHandler]) -> dict[str, str]:
    """Return sixteen tokens that must not be taken, by what is wrong with them."""
    now, good = int(time.time()), token(issuer.key, claims(issuer))
    head, body, signature = good.split(".")
    stranger, same_name = rsa("stranger"), rsa("first")
    public = json.dumps(issuer.key.as_dict(private=False))
    secret = OctKey.import_key(public, {"kid": "first"})
    none = "eyJhbGciOiJub25lIiwia2lkIjoiZmlyc3QifQ"
    return {
        "no signature": f"{none}.{body}.",
        "signature cut": f"{head}.{body}.{signature[:-8]}",
        "body altered": f"{head}.{body[:-6]}AAAAAA.{signature}",
        "other key": token(stranger, claims(issuer)),
        "other key, same name": token(same_name, claims(issuer)),
        "public key as a secret": token(secret, claims(issuer), "HS256"),
        "other kind of key": token(
            ECKey.generate_key("P-256", {"kid": "first"}), claims(issuer), "ES256"
        ),
        "other issuer": token(issuer.key, claims(issuer, iss="https://evil.example")),
        "no issuer": token(issuer.key, claims(issuer, iss=None)),
        "other audience": token(issuer.key, claims(issuer, aud="another")),
        "no audience": token(issuer.key, claims(issuer, aud=None)),
        "expired": token(issuer.key, claims(issuer, exp=now - 60)),
        "no end": token(issuer.key, claims(issuer, exp=None)),
        "not yet": token(issuer.key, claims(issuer, nbf=now + 600)),
        "nobody": token(issuer.key, claims(issuer, sub=None)),
        "no token": "a.b.c",
    }


def test_a9_only_good_tokens_of_the_issuer_count(
    make_running: MakeRunning, issuer: type[IssuerHandler], figure: Figure
) -> None:
    running = make_running(oidc_issuer=issuer.url)
    running.upload("a.jsonl", lines("Marker zqsales stands here."), collection="sales")
    running.upload("b.jsonl", lines("Marker zqlaw stands here."), collection="law")
    running.ingest()
    running.grant("sales", ("group:sales", "ask"))
    running.grant("law", ("user:bob", "ask"))
    alice = token(issuer.key, claims(issuer))

    def found(bearer: str) -> set[str]:
        status, told = running.call("POST", "/v1/search", {"query": "zqsales zqlaw"}, bearer)
        assert status == 200, told
        return {one["collection"] for one in told["passages"]}

    assert found(alice) == {"sales"}
    assert found(token(issuer.key, claims(issuer, sub="bob", groups=[]))) == {"law"}
    assert running.call("GET", "/v1/keys", key=alice)[0] == 403
    accepted = [
        name
        for name, one in bad_tokens(issuer).items()
        if running.call("GET", "/v1/collections", key=one)[0] != 401
    ]
    assert accepted == []
    fetched = issuer.fetched
    assert fetched <= 2
    # The issuer turns its key over: the new one is fetched, at most once a minute.
    issuer.key = rsa("second")
    rotated = token(issuer.key, claims(issuer))
    assert running.call("GET", "/v1/collections", key=rotated)[0] == 401
    running.service.verifier._next_fetch -= 61  # type: ignore[union-attr]
    assert found(rotated) == {"sales"}
    entries = running.call("GET", "/v1/audit?limit=1000")[1]["entries"]
    assert "user:alice" in {entry["principal"] for entry in entries}
    figure(
        "A9",
        f"16 bad tokens: 0 accepted; groups give their grants; keys fetched {issuer.fetched} times",
    )


def test_an_issuer_that_is_slow_or_away_holds_up_nobody_else(
    make_running: MakeRunning, issuer: type[IssuerHandler]
) -> None:
    running = make_running(oidc_issuer=issuer.url)
    good = token(issuer.key, claims(issuer))
    issuer.open.clear()
    seen: list[int] = []
    beside = [
        threading.Thread(
            target=lambda: seen.append(running.call("GET", "/v1/collections", key=good)[0])
        )
        for _ in range(6)
    ]
    for one in beside:
        one.start()
    began = time.monotonic()
    assert running.call("GET", "/v1/collections")[0] == 200
    assert time.monotonic() - began < 2
    until = time.monotonic() + 20
    while 503 not in seen and time.monotonic() < until:
        time.sleep(0.05)
    issuer.open.set()
    for one in beside:
        one.join()
    assert sorted(set(seen)) == [200, 503]
    assert running.call("GET", "/v1/collections", key=good)[0] == 200
    # A page that is opened after a start asks for several things at once.
    running.service.verifier._keys = None  # type: ignore[union-attr]
    running.service.verifier._next_fetch = 0.0  # type: ignore[union-attr]
    with ThreadPoolExecutor(6) as pool:
        told = pool.map(lambda _: running.call("GET", "/v1/collections", key=good)[0], range(6))
        assert list(told) == [200] * 6
    # Its keys are known: while it is away, known people go on, and others are told to come back.
    issuer.is_away = True
    other = token(rsa("second"), claims(issuer))
    running.service.verifier._next_fetch = 0.0  # type: ignore[union-attr]
    assert [running.call("GET", "/v1/collections", key=other)[0] for _ in range(2)] == [503, 503]
    assert running.call("GET", "/v1/collections", key=good)[0] == 200


def test_o11_a_budget_ends_and_says_when_it_begins_again(
    make_running: MakeRunning, tmp_path: Path, figure: Figure
) -> None:
    port, took = free_port(), 0.0
    with redis_server(tmp_path, port):
        for shared in ({}, {"redis_url": f"redis://127.0.0.1:{port}/0"}):
            took = _budget_ends(make_running, shared)
    figure(
        "O11",
        f"budgets of 3 questions, 2 uploads a minute: then 429 after {took * 1000:.0f} ms, "
        "in memory and in Redis; others go on",
    )


def _budget_ends(make_running: MakeRunning, shared: dict[str, str]) -> float:
    """Use up the budgets of one service; return the seconds that the refusal took."""
    running = make_running(
        budget_questions="3/minute",
        budget_uploads="2/minute",
        budget_tokens="100000/day",
        **shared,
    )
    running.upload("a.jsonl", lines("Marker zqone stands here."))
    running.ingest()
    _, other = running.key_for("other", ["ask"])
    question = {"question": "Where does marker zqone stand?"}
    asked = [running.call("POST", "/v1/ask", question) for _ in range(2)]
    replay = f"/v1/answers/{asked[0][1]['id']}/replay"
    # Asking the same again through another door is a question, too.
    statuses = [*(status for status, _ in asked), running.call("POST", replay)[0]]
    began = time.perf_counter()
    status, body, headers = running.raw("POST", "/v1/ask", question)
    took = time.perf_counter() - began
    assert statuses == [200] * 3
    assert status == 429
    assert b"3 questions a minute" in body
    assert running.call("POST", replay)[0] == 429
    assert 0 < int(headers["retry-after"]) <= 60
    # Everybody has a budget of one's own.
    assert running.call("POST", "/v1/ask", question, other)[0] == 200
    assert running.upload("b.txt", b"text")[0] == 202
    assert running.upload("c.txt", b"text again")[0] == 429
    return took


def test_a_budget_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="FOOTNOTE_BUDGET_TOKENS"):
        Settings.load(budget_tokens="plenty")
    assert Settings.load(budget_tokens="100/2 hours").budget_tokens == "100/2 hours"
