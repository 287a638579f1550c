"""Chats: A10 of the bar, and what holds of every bot alike."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from joserfc.jwk import RSAKey

from services.bots import Note, Reply
from services.bots.feishu_cards import reply_card as feishu_card
from services.bots.inert import inert
from services.bots.markdown import markdown_reply
from services.bots.slack_blocks import plain, reply_blocks
from services.bots.teams_cards import reply_card as teams_card
from services.domain.access import ApiKey
from tests.bar.conftest import Figure, MakeRunning, Running, lines
from tests.bar.payloads import payloads
from tests.chats.people import (
    ENCRYPT_KEY,
    PLATFORMS,
    VERIFICATION,
    Headers,
    dingtalk_frame,
    feishu_encrypted,
    feishu_event,
    feishu_frame,
    feishu_signed,
    settings,
    slack_event,
    slack_frame,
    slack_signed,
    teams_activity,
    teams_signed,
    webhook_message,
    webhook_signed,
    wecom_frame,
    write,
)
from tests.chats.platforms import Json, Platforms, flat

QUESTION = "How many days of paid leave does an employee have?"
FACT = "Every employee has 23 days of paid leave a year."


@pytest.fixture
def fake() -> Iterator[Platforms]:
    running = Platforms().start()
    yield running
    running.stop()


@pytest.fixture
def chatting(fake: Platforms, make_running: MakeRunning) -> Running:
    """Return a service with all bots, and a document that ada and one room may read."""
    running = make_running(**settings(fake))
    running.upload("leave.jsonl", lines(FACT), collection="staff")
    running.ingest()
    people = [(f"user:{platform}:ada", "ask") for platform in PLATFORMS]
    rooms = [(f"group:chat:{platform}:CROOM", "ask") for platform in PLATFORMS]
    running.grant("staff", *people, *rooms)
    return running


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_person_is_answered_with_footnotes_and_a_stranger_refused(
    chatting: Running, fake: Platforms, platform: str
) -> None:
    write(fake, chatting.call, platform, "ada", QUESTION, None)
    told = fake.wait_said(platform, "#document=")

    assert "23 days" in told
    assert "https://footnote.example/#document=" in told

    write(fake, chatting.call, platform, "eve", QUESTION, None)
    refused = fake.wait_said(platform, "do not answer this question")

    assert "23 days" not in refused

    # In a room, only what the room may read.
    write(fake, chatting.call, platform, "ada", QUESTION, "CROOM")
    assert "23 days" in fake.wait_said(platform, "#document=")

    write(fake, chatting.call, platform, "ada", QUESTION, "COTHER")
    assert "23 days" not in fake.wait_said(platform, "do not answer this question")
    # Nor does the room lend its rights to somebody who has none.
    said = len(fake.said[platform])
    write(fake, chatting.call, platform, "eve", QUESTION, "CROOM")
    fake.wait(lambda: len(fake.said[platform]) > said, "nothing was said")
    assert "23 days" not in fake.wait_said(platform, "do not answer this question")


def test_what_everybody_may_read_is_not_told_where_other_companies_read(
    chatting: Running, fake: Platforms
) -> None:
    everybody = [(f"group:chat:{platform}", "ask") for platform in ("slack", "feishu")]
    people = [("user:slack:ada", "ask"), ("user:feishu:ada", "ask")]
    chatting.grant("staff", *everybody, *people, ("group:chat:slack:CPARTNER", "ask"))
    fake.external = {"CSHARED"}
    for platform in ("slack", "feishu"):
        write(fake, chatting.call, platform, "ada", QUESTION, "COWN")
        assert "23 days" in fake.wait_said(platform, "#document=")
    shared = slack_event("ada", QUESTION, "CSHARED") | {"is_ext_shared_channel": True}
    fake.send("slack", slack_frame(shared))
    write(fake, chatting.call, "feishu", "ada", QUESTION, "CSHARED")
    for platform in ("slack", "feishu"):
        assert "23 days" not in fake.wait_said(platform, "do not answer this question")

    # A grant to the room itself holds: who gave it knew who reads there.
    partner = slack_event("ada", QUESTION, "CPARTNER") | {"is_ext_shared_channel": True}
    fake.send("slack", slack_frame(partner))
    assert "23 days" in fake.wait_said("slack", "#document=")


def test_a_refused_edit_costs_no_answer(chatting: Running, fake: Platforms) -> None:
    fake.refusals = 2
    write(fake, chatting.call, "slack", "ada", QUESTION, None)

    assert "23 days" in fake.wait_said("slack", "#document=")


def test_an_odd_event_ends_no_connection(chatting: Running, fake: Platforms) -> None:
    fake.send("dingtalk", dingtalk_frame(fake, "ada", "", msgtype="file", content={}))
    elsewhere = dingtalk_frame(fake, "ada", QUESTION, sessionWebhook="https://evil.example/x")
    fake.send("dingtalk", elsewhere)
    fake.send("wecom", wecom_frame("ada", "", msgtype="file", file={}))
    fake.send("wecom", {"cmd": "aibot_msg_callback"})
    odd = feishu_event("ada", QUESTION)
    odd["event"] = {"sender": 7}
    fake.send("feishu", feishu_frame(odd))
    fake.send("feishu", feishu_frame(b"no json"))
    sockets = dict(fake.sockets)
    for platform in ("dingtalk", "wecom", "feishu"):
        write(fake, chatting.call, platform, "ada", QUESTION, None)
        assert "23 days" in fake.wait_said(platform, "#document=")
        assert fake.sockets[platform] is sockets[platform]


# A10: forged, altered, stale and replayed deliveries.

Send = Callable[[bytes, Headers], tuple[int, Any]]


class Door:
    """How one platform delivers over HTTP: a message's bytes, and the headers that vouch for it."""

    def __init__(self, platform: str, fake: Platforms) -> None:
        self.platform = platform
        self._fake = fake

    def message(self, text: str = QUESTION, **changed: Any) -> bytes:
        """Return a message of ada's."""
        if self.platform == "slack":
            return json.dumps(slack_event("ada", text, **changed)).encode()
        if self.platform == "feishu":
            return feishu_encrypted(feishu_event("ada", text, **changed))
        if self.platform == "teams":
            return json.dumps(teams_activity(self._fake, "ada", text, **changed)).encode()
        return json.dumps(webhook_message("ada", text, **changed)).encode()

    def signed(self, body: bytes, offset_s: float = 0.0) -> Headers:
        """Return the headers for *body*, as of *offset_s* from now."""
        at = time.time() + offset_s
        if self.platform == "teams":
            return teams_signed(self._fake, exp=int(at) + 3600, iat=int(at))
        makers: dict[str, Callable[[bytes, float], Headers]] = {
            "slack": slack_signed,
            "feishu": feishu_signed,
            "webhook": webhook_signed,
        }
        return makers[self.platform](body, at)

    @property
    def vouching(self) -> list[str]:
        """The names of the headers that vouch."""
        names = self.signed(b"{}")
        return [name for name in names if name != "Content-Type"]

    def forged(self) -> Iterator[tuple[str, bytes, list[tuple[str, str]]]]:
        """Yield deliveries that are not the platform's: what is wrong, body, headers."""
        body = self.message()
        good = self.signed(body)
        yield "nothing vouches", body, [("Content-Type", "application/json")]
        for name in self.vouching:
            yield f"{name} is missing", body, [one for one in good.items() if one[0] != name]
            yield f"{name} comes twice", body, [*good.items(), (name, good[name])]
            yield f"{name} is altered", body, [*{**good, name: f"{good[name][:-1]}_"}.items()]
        if self.platform != "teams":
            # A Teams token vouches for the sender, not for the body: TLS does that there.
            yield "the body is altered", body.replace(b"ada", b"eva") + b" ", [*good.items()]
            # A second passes easily between signing and checking: the future comes nearer.
            for offset_s, what in ((-301, "stale"), (-86400, "a day old"), (330, "of the future")):
                yield what, body, [*self.signed(body, offset_s).items()]
        yield from self._of_its_own(body)

    def _of_its_own(self, body: bytes) -> Iterator[tuple[str, bytes, list[tuple[str, str]]]]:
        if self.platform == "slack":
            headers = slack_signed(body, secret="another secret")  # noqa: S106 - a wrong one
            yield "another app's secret", body, [*headers.items()]
        elif self.platform == "webhook":
            headers = webhook_signed(body, secret="x" * 32)
            yield "another secret", body, [*headers.items()]
        elif self.platform == "feishu":
            yield from _wrong_feishu()
        elif self.platform == "teams":
            yield from _wrong_teams(self._fake, body)


def _wrong_feishu() -> Iterator[tuple[str, bytes, list[tuple[str, str]]]]:
    told = feishu_event("ada", QUESTION)
    plain = json.dumps(told).encode()
    yield "not encrypted", plain, [*feishu_signed(plain).items()]
    foreign = feishu_encrypted(told, "another key")
    yield "another app's key", foreign, [*feishu_signed(foreign).items()]
    for part, value in (("app_id", "cli_other"), ("token", "another token")):
        body = feishu_encrypted({**told, "header": {**told["header"], part: value}})
        yield f"another {part}", body, [*feishu_signed(body).items()]
    challenge = {"type": "url_verification", "challenge": "c", "token": "another token"}
    yield "a challenge without the token", feishu_encrypted(challenge), []
    unencrypted = json.dumps(challenge | {"token": VERIFICATION}).encode()
    yield "a challenge that is not encrypted", unencrypted, []


def _wrong_teams(
    fake: Platforms, body: bytes
) -> Iterator[tuple[str, bytes, list[tuple[str, str]]]]:
    now = int(time.time())
    foreign = RSAKey.generate_key(2048, {"kid": "k1"})
    claims: dict[str, dict[str, Any]] = {
        "another bot": {"aud": "33333333-3333-3333-3333-333333333333"},
        "another issuer": {"iss": "https://evil.example"},
        "expired": {"exp": now - 301},
        "without expiry": {"exp": None},
        "without a service": {"serviceurl": None},
        "for another service": {"serviceurl": "https://evil.example"},
    }
    for what, given in claims.items():
        yield what, body, [*teams_signed(fake, **given).items()]
    yield "another key", body, [*teams_signed(fake, foreign).items()]
    tenant = {"tenant": {"id": "another"}}
    of_another = json.dumps(teams_activity(fake, "ada", QUESTION, channelData=tenant)).encode()
    yield "another tenant", of_another, [*teams_signed(fake).items()]
    on_web = json.dumps(teams_activity(fake, "ada", QUESTION, channelId="webchat")).encode()
    yield "another channel", on_web, [*teams_signed(fake).items()]


HTTP = ("slack", "feishu", "teams", "webhook")


def over_http(fake: Platforms) -> dict[str, str]:
    """Return the settings of a service that hears by webhooks where there are any."""
    given = settings(fake)
    del given["slack_app_token"]
    keys = {"feishu_encrypt_key": ENCRYPT_KEY, "feishu_verification_token": VERIFICATION}
    return given | keys


def deliver(running: Running, platform: str, body: bytes, headers: list[tuple[str, str]]) -> int:
    """Send a delivery, each header as often as it is listed; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    try:
        connection.putrequest("POST", f"/webhooks/{platform}")
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def test_a10_no_forged_delivery_is_taken_and_a_replay_is_answered_once(
    fake: Platforms, make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running(**over_http(fake))
    running.upload("leave.jsonl", lines(FACT), collection="staff")
    running.ingest()
    running.grant("staff", *((f"user:{platform}:ada", "ask") for platform in HTTP))
    refused = 0
    asked: list[str] = []
    embedder: Any = running.embedder
    before = embedder.calls
    for platform in (*HTTP, "dingtalk", "wecom", "nobody"):
        door = Door(platform if platform in HTTP else "webhook", fake)
        for what, body, headers in door.forged():
            assert deliver(running, platform, body, headers) == 401, (platform, what)
            refused += 1
    time.sleep(0.3)
    assert embedder.calls == before, "a forged delivery reached a model"
    assert not any(fake.said.values())
    for platform in HTTP:
        door = Door(platform, fake)
        body = door.message()
        headers = [*door.signed(body).items()]
        taken = [deliver(running, platform, body, headers) for _ in range(3)]
        assert set(taken) <= {200, 202}, (platform, taken)
        fake.wait_said(platform, "#document=")
        asked.append(platform)
    time.sleep(0.5)
    for platform in HTTP:
        finals = [told for _, told in fake.said[platform] if "#document=" in flat(told)]
        assert len(finals) == 1, (platform, fake.said[platform])
    figure("A10", f"{refused} forged deliveries: 0 taken, 0 model calls; each replayed: 1 answer")


def test_dingtalk_over_http_is_never_believed(chatting: Running) -> None:
    # Its signature is right for its time, and would be for any other body: so none is taken.
    timestamp = str(int(time.time() * 1000))
    signed = hmac.new(b"ding-secret", f"{timestamp}\nding-secret".encode(), hashlib.sha256)
    headers = {"timestamp": timestamp, "sign": base64.b64encode(signed.digest()).decode()}

    status, told = chatting.call("POST", "/webhooks/dingtalk", b"{}", None, headers)

    assert status == 401
    assert "Stream mode" in told["error"]["message"]


def test_the_consoles_check_of_an_address_is_answered(
    fake: Platforms, make_running: MakeRunning
) -> None:
    running = make_running(**over_http(fake))
    challenge = {"type": "url_verification", "challenge": "abc", "token": VERIFICATION}
    body = feishu_encrypted(challenge)
    assert running.call("POST", "/webhooks/feishu", body) == (200, {"challenge": "abc"})

    asked = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    status, told = running.call("POST", "/webhooks/slack", asked, None, slack_signed(asked))
    assert (status, told) == (200, {"challenge": "abc"})


# What holds of every bot alike.


_ACKNOWLEDGES: dict[str, Callable[[Any], bool]] = {
    "slack": lambda frame: "envelope_id" in frame,
    "feishu": lambda frame: b'{"code": 200}' in frame,
    "dingtalk": lambda frame: frame.get("code") == 200,
}


def test_an_acknowledgement_comes_before_the_answer(chatting: Running, fake: Platforms) -> None:
    write(fake, chatting.call, "slack", "ada", QUESTION, None)
    write(fake, chatting.call, "feishu", "ada", QUESTION, None)
    write(fake, chatting.call, "dingtalk", "ada", QUESTION, None)
    for platform in _ACKNOWLEDGES:
        fake.wait_said(platform, "#document=")

    for platform, acknowledges in _ACKNOWLEDGES.items():
        # Among other frames: Feishu's client sends pings.
        before = [said for frame, said in fake.acknowledged[platform] if acknowledges(frame)]
        assert before, platform
        told = [flat(one) for _, one in fake.said[platform][: before[0]]]
        assert not any("#document=" in one for one in told), platform


def test_a_reply_is_one_message_that_grows(chatting: Running, fake: Platforms) -> None:
    for platform in ("slack", "feishu", "teams"):
        write(fake, chatting.call, platform, "ada", QUESTION, None)
        fake.wait_said(platform, "#document=")
        methods = [method for method, _ in fake.said[platform]]

        assert methods[0] == "chat.postMessage" or methods[0].startswith("POST")
        assert all(m == "chat.update" or m.startswith(("PATCH", "PUT")) for m in methods[1:])
        assert "Looking it up" in flat(fake.said[platform][0][1])


def test_a_thread_is_a_conversation(chatting: Running, fake: Platforms) -> None:
    chatting.upload("sick.jsonl", lines("Sick leave is paid for 12 weeks."), collection="staff")
    chatting.ingest()
    write(fake, chatting.call, "wecom", "ada", QUESTION, None)
    fake.wait_said("wecom", "#document=")
    said = len(fake.said["wecom"])
    write(fake, chatting.call, "wecom", "ada", "And sick leave?", None)
    fake.wait(lambda: len(fake.said["wecom"]) > said + 1, "nothing more was said")

    listed = chatting.house.registry.answers
    scope = chatting.house.registry.collections.scope_of
    ada = scope(ApiKey(id="", name="ada", scopes=(), user="wecom:ada"))
    newest = listed.listed(ada, 5)[0]
    assert newest.question["text"] == "And sick leave?"
    assert QUESTION in flat(newest.question["history"])


@pytest.mark.parametrize("platform", ["slack", "feishu", "wecom", "teams"])
def test_thumbs_are_kept_and_only_those_of_who_asked(
    chatting: Running, fake: Platforms, platform: str
) -> None:
    write(fake, chatting.call, platform, "ada", QUESTION, None)
    fake.wait_said(platform, "#document=")
    answers = chatting.call("GET", "/v1/answers?judged=true")[1]["answers"]
    assert answers == []
    for user, is_good in (("eve", True), ("ada", False)):
        _press(chatting, fake, platform, user, is_good=is_good)

    def judged() -> bool:
        return bool(chatting.call("GET", "/v1/answers?judged=true")[1]["answers"])

    fake.wait(judged, "no thumb was kept")
    (kept,) = chatting.call("GET", "/v1/answers?judged=true")[1]["answers"]
    assert kept["feedback"]["thumb"] == "down"
    assert kept["question"] == QUESTION


def _answer_id(fake: Platforms, platform: str) -> str:
    found = re.search(r"ans_[0-9a-f]+", flat(fake.said[platform][-1][1]))
    assert found is not None
    return found[0]


def _press(running: Running, fake: Platforms, platform: str, user: str, *, is_good: bool) -> None:
    answer = _answer_id(fake, platform)
    if platform == "slack":
        action = {"action_id": "footnote_good" if is_good else "footnote_bad", "value": answer}
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": "T1"},
            "team": {"id": "T1"},
            "actions": [{"type": "button", "action_ts": "1.3", "block_id": "b", **action}],
        }
        fake.send("slack", slack_frame(payload, "interactive"))
    elif platform == "feishu":
        from tests.chats.people import feishu_envelope

        value = {"answer": answer, "good": is_good}
        event = {"operator": {"open_id": user}, "action": {"tag": "button", "value": value}}
        fake.send("feishu", feishu_frame(feishu_envelope("card.action.trigger", event)))
    elif platform == "wecom":
        told = {"eventtype": "feedback_event"}
        told["feedback_event"] = {"id": answer, "type": 1 if is_good else 2}  # type: ignore[assignment]
        frame = wecom_frame(user, "", msgtype="event", event=told)
        fake.send("wecom", {**frame, "cmd": "aibot_event_callback"})
    else:
        data = {"answer": answer, "good": is_good}
        value = {"action": {"type": "Action.Execute", "verb": "footnote-judge", "data": data}}
        invoke: Json = {"type": "invoke", "name": "adaptiveCard/action", "value": value}
        body = json.dumps(teams_activity(fake, user, "", **invoke)).encode()
        status, told = running.call("POST", "/webhooks/teams", body, None, teams_signed(fake))
        assert (status, told["statusCode"]) == (200, 200)


def test_a_thumb_may_be_written(chatting: Running, fake: Platforms) -> None:
    write(fake, chatting.call, "dingtalk", "ada", QUESTION, None)
    fake.wait_said("dingtalk", "#document=")
    write(fake, chatting.call, "dingtalk", "ada", "👍", None)
    fake.wait_said("dingtalk", "Thank you")
    write(fake, chatting.call, "dingtalk", "eve", "👍", None)
    fake.wait_said("dingtalk", "没有可以评价")

    (kept,) = chatting.call("GET", "/v1/answers?judged=true")[1]["answers"]
    assert kept["feedback"]["thumb"] == "up"


@pytest.mark.parametrize("platform", ["slack", "feishu", "dingtalk", "wecom", "teams"])
def test_a_dropped_file_is_offered_and_added_where_that_is_allowed(
    chatting: Running, fake: Platforms, platform: str
) -> None:
    chatting.grant("staff", (f"user:{platform}:ada", "write"), (f"user:{platform}:eve", "ask"))
    content = b"# Parking\n\nVisitors park in yard 7.\n"
    in_chinese = platform in {"feishu", "dingtalk", "wecom"}
    drop(chatting, fake, platform, "eve", content)
    fake.wait_said(platform, "没有添加文档的权限" if in_chinese else "may not add")
    drop(chatting, fake, platform, "ada", content)
    assert "staff" in fake.wait_said(platform, "要把" if in_chinese else "Shall I add")
    write(fake, chatting.call, platform, "ada", "添加staff" if in_chinese else "add", None)
    fake.wait_said(platform, "已添加到" if in_chinese else "Added to")
    chatting.ingest()
    write(fake, chatting.call, platform, "ada", "Where do visitors park?", None)

    assert "yard 7" in fake.wait_said(platform, "#document=")


def test_in_a_room_only_names_that_the_room_may_know_are_offered(
    chatting: Running, fake: Platforms
) -> None:
    chatting.upload("x.md", b"Somebody will go.", collection="layoffs")
    chatting.grant("layoffs", ("user:slack:ada", "write"))
    chatting.grant("staff", ("user:slack:ada", "write"), ("group:chat:slack:CROOM", "ask"))
    url = f"{fake.url}/files/parking"
    file = {"name": "parking.md", "url_private_download": url, "size": 9}
    fake.files["parking"] = b"# Parking"
    for room in ("CROOM", "COTHER"):
        event = slack_event("ada", "", room, files=[file])
        fake.send("slack", slack_frame(event))
        told = fake.wait_said("slack", "to “staff”" if room == "CROOM" else "direct message")
        assert "layoffs" not in told
    # What was offered there is not answered here, and a question that begins with it is one.
    write(fake, chatting.call, "slack", "ada", "add", None)
    fake.wait_said("slack", "do not answer this question")
    write(fake, chatting.call, "slack", "ada", "add VAT to the price, how?", "CROOM")
    fake.wait_said("slack", "do not answer this question")


def drop(running: Running, fake: Platforms, platform: str, user: str, content: bytes) -> None:
    """Let *user* drop a file into the chat."""
    fake.files["parking"] = content
    url = f"{fake.url}/files/parking"
    name = "parking.md"
    if platform == "slack":
        file = {"name": name, "url_private_download": url, "size": len(content)}
        event = slack_event(user, "", subtype="file_share", files=[file])
        fake.send("slack", slack_frame(event))
    elif platform == "feishu":
        told = json.dumps({"file_key": "parking", "file_name": name})
        event = feishu_event(user, "", message_type="file", content=told)
        fake.send("feishu", feishu_frame(event))
    elif platform == "dingtalk":
        told_file = {"fileName": name, "downloadCode": "parking"}
        frame = dingtalk_frame(fake, user, "", msgtype="file", content=told_file)
        fake.send("dingtalk", frame)
    elif platform == "wecom":
        key, fake.files["parking"] = wecom_encrypted(content)
        file = {"url": url, "aeskey": key, "filename": name}
        fake.send("wecom", wecom_frame(user, "", msgtype="file", file=file))
    else:
        kind = "application/vnd.microsoft.teams.file.download.info"
        attachment = {"contentType": kind, "name": name, "content": {"downloadUrl": url}}
        activity = teams_activity(fake, user, "", attachments=[attachment])
        body = json.dumps(activity).encode()
        assert running.call("POST", "/webhooks/teams", body, None, teams_signed(fake))[0] == 200


def wecom_encrypted(content: bytes) -> tuple[str, bytes]:
    """Return a key, and *content* encrypted with it as WeCom does."""
    key = os.urandom(32)
    padding = 32 - len(content) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    data = encryptor.update(content + bytes([padding]) * padding) + encryptor.finalize()
    return base64.b64encode(key).decode().rstrip("="), data


def test_files_come_from_the_platform_alone(chatting: Running, fake: Platforms) -> None:
    chatting.grant("staff", ("user:slack:ada", "write"))
    file = {"name": "x.md", "url_private_download": "http://127.0.0.1:1/x.md", "size": 3}
    fake.send("slack", slack_frame(slack_event("ada", "", subtype="file_share", files=[file])))
    fake.wait_said("slack", "Shall I add")
    write(fake, chatting.call, "slack", "ada", "add", None)

    assert "not the platform's" in fake.wait_said("slack", "could not be added")


def test_people_may_be_known_by_the_addresses_of_the_directory(
    fake: Platforms, make_running: MakeRunning
) -> None:
    running = make_running(**settings(fake), chat_identity="email")
    running.upload("leave.jsonl", lines(FACT), collection="staff")
    running.ingest()
    running.grant("staff", ("user:ada@corp.example", "ask"))
    fake.emails = {"ada": "Ada@corp.example", "29:ada": "ada@corp.example"}
    for number, platform in enumerate(("slack", "feishu", "teams"), 1):
        write(fake, running.call, platform, "ada", QUESTION, None)
        assert "23 days" in fake.wait_said(platform, "#document=")
        _press(running, fake, platform, "ada", is_good=True)

        def judged(number: int = number) -> bool:
            told = running.call("GET", "/v1/answers?judged=true")[1]["answers"]
            return len(told) == number

        fake.wait(judged, f"the thumb on {platform} was not kept")


def test_people_of_other_companies_and_other_bots_are_not_answered(
    chatting: Running, fake: Platforms
) -> None:
    chatting.grant("staff", *((f"group:chat:{platform}", "ask") for platform in PLATFORMS))
    fake.send("slack", slack_frame(slack_event("ada", QUESTION, "CROOM", user_team="T9")))
    fake.send("slack", slack_frame(slack_event("ada", QUESTION, bot_id="B9")))
    foreign = feishu_event("ada", QUESTION)
    foreign["event"]["sender"]["tenant_key"] = "another"
    fake.send("feishu", feishu_frame(foreign))
    unmentioned = feishu_event("ada", QUESTION, "CROOM", mentions=[])
    fake.send("feishu", feishu_frame(unmentioned))
    fake.send("dingtalk", dingtalk_frame(fake, "ada", QUESTION, senderCorpId="another"))
    of_another: Json = {"from": {"userid": "ada", "corpid": "another"}}
    fake.send("wecom", wecom_frame("ada", QUESTION, **of_another))
    fake.send("wecom", wecom_frame("ada", QUESTION, aibotid="B2"))
    time.sleep(1)

    assert not any(fake.said.values())


@pytest.mark.usefixtures("chatting")
def test_a_message_in_pieces_is_put_together(fake: Platforms) -> None:
    whole = json.dumps(feishu_event("ada", QUESTION)).encode()
    half = len(whole) // 2
    for at, piece in ((1, whole[half:]), (0, whole[:half])):
        fake.send("feishu", feishu_frame(piece, message_id="m-1", sum="2", seq=str(at)))

    assert "23 days" in fake.wait_said("feishu", "#document=")


def test_answers_grow_in_a_card_of_dingtalk_where_there_is_a_template(
    fake: Platforms, make_running: MakeRunning
) -> None:
    running = make_running(**settings(fake), dingtalk_card="template-1")
    running.upload("leave.jsonl", lines(FACT), collection="staff")
    running.ingest()
    running.grant("staff", ("user:dingtalk:ada", "ask"))
    write(fake, running.call, "dingtalk", "ada", QUESTION, None)
    fake.wait_said("dingtalk", "#document=")
    paths = [path for path, _ in fake.said["dingtalk"]]

    assert paths[0] == "card/instances/createAndDeliver"
    assert set(paths[1:]) == {"card/streaming"}
    assert fake.said["dingtalk"][-1][1]["isFinalize"] is True


def test_a_lost_connection_is_made_anew(chatting: Running, fake: Platforms) -> None:
    for platform in ("slack", "feishu", "dingtalk", "wecom"):
        fake.wait(lambda p=platform: p in fake.sockets, "not connected")  # type: ignore[misc]
        fake.hang_up(platform)
    for platform in ("slack", "feishu", "dingtalk", "wecom"):
        write(fake, chatting.call, platform, "ada", QUESTION, None)
        fake.wait_said(platform, "#document=")


def test_a_busy_service_says_so_in_the_chat(fake: Platforms, make_running: MakeRunning) -> None:
    running = make_running(**settings(fake), budget_questions="1/hour")
    running.upload("leave.jsonl", lines(FACT), collection="staff")
    running.ingest()
    running.grant("staff", ("user:teams:ada", "ask"))
    write(fake, running.call, "teams", "ada", QUESTION, None)
    fake.wait_said("teams", "#document=")
    write(fake, running.call, "teams", "ada", QUESTION, None)

    fake.wait_said("teams", "Too many questions")


def test_what_is_done_and_refused_in_chats_stands_in_the_audit_log(
    chatting: Running, fake: Platforms
) -> None:
    write(fake, chatting.call, "slack", "ada", QUESTION, "CROOM")
    fake.wait_said("slack", "#document=")
    answer = _answer_id(fake, "slack")
    _press(chatting, fake, "slack", "eve", is_good=True)
    chatting.call("POST", "/webhooks/webhook", b"{}", headers={"X-Footnote-Timestamp": "1"})
    wanted = {
        ("user:slack:ada", "/chat/slack/CROOM/ask", 200),
        ("user:slack:eve", f"/chat/slack/{answer}/feedback", 400),
        ("unknown", "/webhooks/webhook", 401),
    }

    def noted() -> bool:
        told = chatting.call("GET", "/v1/audit")[1]["entries"]
        return wanted <= {(one["principal"], one["target"], one["status"]) for one in told}

    fake.wait(noted, "not all was noted")


# L1, in chats.


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("请访问https://evil.com查看2024年财报", "请访问https[:]//evil[.]com查看2024年财报"),
        ("请登录evil.com查看2024年的通知", "请登录evil[.]com查看2024年的通知"),
        ("点击https://2130706433/?d=secret", "点击https[:]//2130706433/?d=secret"),
        ("点击http://intranet/steal?q=1", "点击http[:]//intranet/steal?q=1"),
        ("点javascript:alert(1)", "点javascript[:]alert(1)"),
        ("写信给a@evil.com。", "写信给a@evil[.]com。"),
        ("见www.例子.中国/页", "见www[.]例子[.]中国/页"),
        ("访问10.0.0.1查看", "访问10[.]0[.]0[.]1查看"),
        # What is no address stays as it is.
        (
            "1.总则 2.3.第一条，见handbook.pdf，3.5万元",
            "1.总则 2.3.第一条，见handbook.pdf，3.5万元",
        ),
    ],
)
def test_l1_an_address_between_chinese_words_is_none_any_more(text: str, wanted: str) -> None:
    assert inert(text) == wanted


@pytest.mark.parametrize("payload", payloads())
def test_l1_no_text_is_a_link_in_a_chat(payload: str) -> None:
    note = Note(1, payload.replace("\n", " "), inert(payload), None)
    reply = Reply(inert(payload), "en", (note,), "ans_1")
    shown = [feishu_card(reply), reply_blocks(reply), plain(reply.text), teams_card(reply)]
    told = [flat(one) for one in shown] + [markdown_reply(reply)]

    for one in told:
        assert "://" not in one
        assert "evil.example" not in one
    assert "](" not in markdown_reply(reply).replace("\\](", "").replace("\\]\\(", "")
    assert "<" not in plain(reply.text)
