"""People who write on the platforms: each function sends a message as its platform would."""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.chats.platforms import CLIENT, OWN_ID, TENANT, Json, Platforms

SLACK_SECRET = "slack-signing-secret"  # noqa: S105 - of a fake
ENCRYPT_KEY, VERIFICATION = "feishu-encrypt-key", "feishu-verification"
WEBHOOK_SECRET = "webhook-secret-of-at-least-32-characters"  # noqa: S105 - of a fake
TEAMS_KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
Headers = dict[str, str]


def settings(fake: Platforms) -> dict[str, str]:
    """Return the settings of a service with all bots, over connections where there are any."""
    fake.jwks = {"keys": [TEAMS_KEY.as_dict(private=False) | {"endorsements": ["msteams"]}]}
    return {
        "slack_url": fake.url,
        "slack_bot_token": "xoxb-1",
        "slack_app_token": "xapp-1",
        "slack_signing_secret": SLACK_SECRET,
        "feishu_url": fake.url,
        "feishu_app_id": "cli_1",
        "feishu_app_secret": "feishu-secret",
        "dingtalk_url": fake.url,
        "dingtalk_client_id": "ding_1",
        "dingtalk_client_secret": "ding-secret",
        "wecom_url": f"ws://127.0.0.1:{fake.port}/socket/wecom",
        "wecom_bot_id": "B1",
        "wecom_secret": "wecom-secret",
        "teams_login_url": fake.url,
        "teams_keys_url": f"{fake.url}/teams/configuration",
        "teams_client_id": CLIENT,
        "teams_client_secret": "teams-secret",
        "teams_tenant_id": TENANT,
        "webhook_secret": WEBHOOK_SECRET,
        "webhook_reply_url": f"{fake.url}/reply",
        "page_url": "https://footnote.example",
    }


def new_id(lead: str) -> str:
    return f"{lead}{os.urandom(8).hex()}"


# Slack.


def slack_event(user: str, text: str, room: str | None = None, **event: Any) -> Json:
    ts = f"{time.time():.6f}"
    inner: Json = {"user": user, "text": text, "ts": ts, "event_ts": ts, "team": "T1"}
    if room is None:
        inner |= {"type": "message", "channel_type": "im", "channel": f"D{user}"}
    else:
        inner |= {"type": "app_mention", "channel": room, "text": f"<@UBOT> {text}"}
    return {
        "token": "v",
        "team_id": "T1",
        "api_app_id": "A1",
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": True}],
        "event": inner | event,
    }


def slack_frame(payload: Json, kind: str = "events_api") -> Json:
    envelope = {"envelope_id": new_id("env-"), "type": kind}
    return {**envelope, "accepts_response_payload": False, "payload": payload}


def slack_signed(body: bytes, at: float | None = None, secret: str = SLACK_SECRET) -> Headers:
    timestamp = str(int(time.time() if at is None else at))
    signed = f"v0:{timestamp}:".encode() + body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={wanted}",
    }


# Feishu.


def feishu_event(user: str, text: str, room: str | None = None, **message: Any) -> Json:
    told: Json = {
        "message_id": new_id("om_"),
        "create_time": str(int(time.time() * 1000)),
        "chat_id": room or f"oc_{user}",
        "chat_type": "p2p" if room is None else "group",
        "message_type": "text",
        "content": json.dumps({"text": text if room is None else f"@_user_1 {text}"}),
        "mentions": [],
    }
    if room is not None:
        who = {"key": "@_user_1", "id": {"open_id": OWN_ID}, "name": "Footnote"}
        told["mentions"] = [who]
    sender = {"sender_id": {"open_id": user}, "sender_type": "user", "tenant_key": "tk"}
    return feishu_envelope("im.message.receive_v1", {"sender": sender, "message": told | message})


def feishu_envelope(kind: str, event: Json, app_id: str = "cli_1") -> Json:
    head = {"event_id": new_id("ev"), "event_type": kind, "app_id": app_id, "tenant_key": "tk"}
    head |= {"token": VERIFICATION, "create_time": str(int(time.time() * 1000))}
    return {"schema": "2.0", "header": head, "event": event}


def varint(value: int) -> bytes:
    """Return a number as Protocol Buffers write it; spelled out here, so that frames are checked
    against the format and not against the code under test.
    """
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def chunk(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def feishu_frame(payload: Json | bytes, **headers: str) -> bytes:
    """Return a data frame of the long connection."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    told = {"type": "event", "message_id": new_id("m"), "trace_id": "tr", "sum": "1", "seq": "0"}
    numbers = ((1, 1), (2, 2), (3, 42), (4, 1))
    out = b"".join(varint(field << 3) + varint(value) for field, value in numbers)
    for key, value in (told | headers).items():
        out += chunk(5, chunk(1, key.encode()) + chunk(2, value.encode()))
    return out + chunk(8, body)


def feishu_encrypted(told: Json, key: str = ENCRYPT_KEY) -> bytes:
    plain = json.dumps(told).encode()
    padding = 16 - len(plain) % 16
    vector = os.urandom(16)
    secret = hashlib.sha256(key.encode()).digest()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    data = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    return json.dumps({"encrypt": base64.b64encode(vector + data).decode()}).encode()


def feishu_signed(body: bytes, at: float | None = None, key: str = ENCRYPT_KEY) -> Headers:
    timestamp, nonce = str(int(time.time() if at is None else at)), new_id("")
    wanted = hashlib.sha256(f"{timestamp}{nonce}{key}".encode() + body).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Lark-Request-Timestamp": timestamp,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": wanted,
    }


# DingTalk.


def dingtalk_frame(
    fake: Platforms, user: str, text: str, room: str | None = None, **d: Any
) -> Json:
    data = {
        "conversationId": room or f"cid_{user}",
        "conversationType": "1" if room is None else "2",
        "chatbotCorpId": "corp",
        "senderCorpId": "corp",
        "senderStaffId": user,
        "senderId": f"$:{user}",
        "robotCode": "ding_1",
        "msgId": new_id("msg"),
        "isInAtList": room is not None,
        "sessionWebhook": f"{fake.url}/session",
        "msgtype": "text",
        "text": {"content": f" {text}"},
    }
    headers = {
        "topic": "/v1.0/im/bot/messages/get",
        "messageId": new_id("mid"),
        "contentType": "application/json",
    }
    return {
        "specVersion": "1.0",
        "type": "CALLBACK",
        "headers": headers,
        "data": json.dumps(data | d),
    }


# WeCom.


def wecom_frame(user: str, text: str, room: str | None = None, **body: Any) -> Json:
    told: Json = {
        "msgid": new_id("msg"),
        "aibotid": "B1",
        "chattype": "single" if room is None else "group",
        "from": {"userid": user},
        "msgtype": "text",
        "text": {"content": text if room is None else f"@Footnote {text}"},
    }
    if room is not None:
        told["chatid"] = room
    request = {"req_id": new_id("R")}
    return {"cmd": "aibot_msg_callback", "headers": request, "body": told | body}


# Teams.


def teams_activity(
    fake: Platforms, user: str, text: str, room: str | None = None, **activity: Any
) -> Json:
    own = {"id": f"28:{CLIENT}", "name": "Footnote"}
    said, entities = text, []
    if room is not None:
        said = f"<at>Footnote</at> {text}"
        entities = [{"type": "mention", "text": "<at>Footnote</at>", "mentioned": own}]
    told = {
        "type": "message",
        "id": new_id(""),
        "serviceUrl": fake.url,
        "channelId": "msteams",
        "from": {"id": f"29:{user}", "name": "Ada", "aadObjectId": user},
        "recipient": own,
        "conversation": {
            "id": f"a:{user}" if room is None else f"{room};messageid=17",
            "conversationType": "personal" if room is None else "channel",
            "tenantId": TENANT,
        },
        "text": said,
        "entities": entities,
        "channelData": {"tenant": {"id": TENANT}},
    }
    return told | activity


def teams_signed(fake: Platforms, key: RSAKey = TEAMS_KEY, **claims: Any) -> Headers:
    now = int(time.time())
    whole = {
        "iss": "https://api.botframework.com",
        "aud": CLIENT,
        "iat": now,
        "exp": now + 3600,
        "serviceurl": fake.url,
    } | claims
    told = {name: value for name, value in whole.items() if value is not None}
    token = jwt.encode({"alg": "RS256", "kid": "k1"}, told, key)
    return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}


# The signed webhook.


def webhook_message(user: str, text: str, room: str | None = None, **message: Any) -> Json:
    told = {"id": new_id("w"), "user": user, "text": text}
    return told | ({} if room is None else {"room": room, "thread": "t"}) | message


def webhook_signed(body: bytes, at: float | None = None, secret: str = WEBHOOK_SECRET) -> Headers:
    timestamp = str(int(time.time() if at is None else at))
    signed = f"v1:{timestamp}:".encode() + body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Footnote-Timestamp": timestamp,
        "X-Footnote-Signature": f"v1={wanted}",
    }


# A call to the service: method, path, body, key, headers; returns status and body.
Call = Callable[..., tuple[int, Any]]
PLATFORMS = ("slack", "feishu", "dingtalk", "wecom", "teams", "webhook")


def write(  # noqa: PLR0913, PLR0917 - who, where, what
    fake: Platforms, call: Call, platform: str, user: str, text: str, room: str | None
) -> None:
    """Let *user* write to the bot, in a direct message or in *room*."""
    if platform == "slack":
        fake.send("slack", slack_frame(slack_event(user, text, room)))
    elif platform == "feishu":
        fake.send("feishu", feishu_frame(feishu_event(user, text, room)))
    elif platform == "dingtalk":
        fake.send("dingtalk", dingtalk_frame(fake, user, text, room))
    elif platform == "wecom":
        fake.send("wecom", wecom_frame(user, text, room))
    elif platform == "teams":
        body = json.dumps(teams_activity(fake, user, text, room)).encode()
        assert call("POST", "/webhooks/teams", body, None, teams_signed(fake))[0] == 200
    else:
        body = json.dumps(webhook_message(user, text, room)).encode()
        assert call("POST", "/webhooks/webhook", body, None, webhook_signed(body))[0] == 202
