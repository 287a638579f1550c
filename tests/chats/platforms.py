"""Fakes of five chat platforms behind one port of 127.0.0.1, in a thread of its own.

Each speaks what the platform speaks: Slack's Web API and Socket Mode, Feishu's frames in Protocol
Buffers and its cards, DingTalk's stream, WeCom's long connection, the Bot Connector of Teams.
"""

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]
OWN_ID = "ou_footnote"
TENANT, CLIENT = "22222222-2222-2222-2222-222222222222", "11111111-1111-1111-1111-111111111111"


class Platforms:
    """All fakes. `said` is what the bots said, by platform, newest last; `acknowledged` are the
    frames that came back on a socket, each with how much had been said before it.
    """

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        self.acknowledged: dict[str, list[tuple[Any, int]]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        self.emails: dict[str, str] = {}
        self.external: set[str] = set()
        # How many of the next messages on Slack are refused.
        self.refusals = 0
        self.jwks: Json = {"keys": []}
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.calls: list[str] = []
        self._counter = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self.port = 0

    def start(self) -> "Platforms":
        """Listen."""
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def stop(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Return where the fakes are."""
        return f"http://127.0.0.1:{self.port}"

    def send(self, platform: str, told: Json | bytes) -> None:
        """Send a frame to the bot that holds a connection."""
        self.wait(lambda: platform in self.sockets, f"{platform} is not connected")
        socket = self.sockets[platform]
        sent = socket.send_bytes(told) if isinstance(told, bytes) else socket.send_json(told)
        asyncio.run_coroutine_threadsafe(sent, self._loop).result(10)

    def hang_up(self, platform: str) -> None:
        """End a connection as a network does, and wait until it is gone."""
        socket = self.sockets[platform]
        asyncio.run_coroutine_threadsafe(socket.close(), self._loop).result(10)
        self.wait(lambda: self.sockets.get(platform) is not socket, "it is still there")

    def wait(self, done: Callable[[], bool], reason: str, timeout_s: float = 30) -> None:
        """Wait until *done* holds."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if done():
                return
            time.sleep(0.02)
        raise AssertionError(f"{reason}: {dict(self.said)}")

    def wait_said(self, platform: str, words: str) -> str:
        """Wait until the bot shows something with *words* in it; return the whole of it as text."""

        def last() -> str:
            return flat(self.said[platform][-1][1]) if self.said[platform] else ""

        self.wait(lambda: words in last(), f"{platform} never said {words!r}")
        return last()

    # The servers.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _open(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._slack)
        app.router.add_get("/socket/{platform}", self._socket)
        app.router.add_post("/callback/ws/endpoint", self._feishu_endpoint)
        app.router.add_route("*", "/open-apis/{path:.*}", self._feishu)
        app.router.add_post("/v1.0/gateway/connections/open", self._dingtalk_open)
        app.router.add_route("*", "/v1.0/{path:.*}", self._dingtalk)
        app.router.add_post("/session", self._dingtalk_session)
        app.router.add_get("/teams/configuration", self._teams_configuration)
        app.router.add_get("/teams/keys", self._teams_keys)
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._teams_token)
        app.router.add_route("*", "/v3/conversations/{path:.*}", self._teams)
        app.router.add_post("/reply", self._reply)
        app.router.add_get("/files/{name}", self._file)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    def _new(self, lead: str) -> str:
        self._counter += 1
        return f"{lead}{self._counter:06d}"

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        platform = request.match_info["platform"]
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.calls.append(f"socket {platform} {request.query_string}")
        if platform == "slack":
            await socket.send_json({"type": "hello", "num_connections": 1})
        if platform != "wecom":
            self.sockets[platform] = socket
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                self.acknowledged[platform].append((message.data, len(self.said[platform])))
            elif platform == "wecom":
                await self._wecom(socket, json.loads(message.data))
            elif message.type == WSMsgType.TEXT:
                told = json.loads(message.data)
                self.acknowledged[platform].append((told, len(self.said[platform])))
        self.sockets.pop(platform, None)
        return socket

    async def _slack(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls.append(f"slack {method} {request.headers.get('Authorization')}")
        if method == "apps.connections.open":
            url = f"ws://127.0.0.1:{self.port}/socket/slack"
            return web.json_response({"ok": True, "url": url})
        if method == "auth.test":
            who = {"user_id": "UBOT", "bot_id": "BBOT", "team_id": "T1"}
            return web.json_response({"ok": True, **who})
        body = await request.text()
        told = json.loads(body) if body.startswith("{") else {}
        if method == "users.info":
            email = self.emails.get(request.query["user"], "")
            return web.json_response({"ok": True, "user": {"profile": {"email": email}}})
        if self.refusals:
            self.refusals -= 1
            return web.json_response({"ok": False, "error": "rate_limited"})
        self.said["slack"].append((method, told))
        ts = told.get("ts") or self._new("1700000000.")
        return web.json_response({"ok": True, "channel": told.get("channel"), "ts": ts})

    async def _feishu_endpoint(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls.append(f"feishu open {body['AppID']} {body['AppSecret']}")
        url = f"ws://127.0.0.1:{self.port}/socket/feishu?device_id=d1&service_id=42"
        config = {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0}
        data = {"URL": url, "ClientConfig": {**config, "PingInterval": 1}}
        return web.json_response({"code": 0, "msg": "ok", "data": data})

    async def _feishu(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        body = json.loads(await request.text() or "{}")
        if path.endswith("tenant_access_token/internal"):
            return web.json_response({"code": 0, "tenant_access_token": "t-1", "expire": 7200})
        assert request.headers["Authorization"] == "Bearer t-1"
        if path == "bot/v3/info":
            return web.json_response({"code": 0, "bot": {"open_id": OWN_ID}})
        lead, _, last = path.rpartition("/")
        listed = {
            "contact/v3/users": {"user": {"enterprise_email": self.emails.get(last, "")}},
            "im/v1/chats": {"external": last in self.external},
        }
        if lead in listed:
            return web.json_response({"code": 0, "data": listed[lead]})
        if "/resources/" in path:
            return web.Response(body=self.files[path.rpartition("/")[2]])
        self.said["feishu"].append((f"{request.method} {path}", json.loads(body["content"])))
        return web.json_response({"code": 0, "data": {"message_id": "om_reply"}})

    async def _dingtalk_open(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls.append(f"dingtalk open {body['clientId']} {body['clientSecret']}")
        endpoint = f"ws://127.0.0.1:{self.port}/socket/dingtalk"
        return web.json_response({"endpoint": endpoint, "ticket": "t/1+2"})

    async def _dingtalk(self, request: web.Request) -> web.Response:
        path, body = request.match_info["path"], json.loads(await request.text() or "{}")
        if path == "oauth2/accessToken":
            return web.json_response({"accessToken": "ding-1", "expireIn": 7200})
        assert request.headers["x-acs-dingtalk-access-token"] == "ding-1"
        if path == "robot/messageFiles/download":
            url = f"{self.url}/files/{body['downloadCode']}"
            return web.json_response({"downloadUrl": url})
        self.said["dingtalk"].append((path, body))
        return web.json_response({"success": True})

    async def _dingtalk_session(self, request: web.Request) -> web.Response:
        self.said["dingtalk"].append(("session", await request.json()))
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _wecom(self, socket: web.WebSocketResponse, frame: Json) -> None:
        request, error = frame["headers"]["req_id"], 0
        if frame["cmd"] == "aibot_subscribe":
            error = 0 if frame["body"] == {"bot_id": "B1", "secret": "wecom-secret"} else 853000
            if not error:
                self.sockets["wecom"] = socket
        elif frame["cmd"] != "ping":
            self.said["wecom"].append((frame["cmd"], {**frame["body"], "req_id": request}))
        answer = {"headers": {"req_id": request}, "errcode": error, "errmsg": "ok"}
        await socket.send_json(answer)

    async def _teams_configuration(self, _request: web.Request) -> web.Response:
        return web.json_response({"jwks_uri": f"{self.url}/teams/keys"})

    async def _teams_keys(self, _request: web.Request) -> web.Response:
        self.calls.append("teams keys")
        return web.json_response(self.jwks)

    async def _teams_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["client_id"] == CLIENT
        assert form["client_secret"] == "teams-secret"  # noqa: S105 - of a fake
        self.calls.append(f"teams token {request.match_info['tenant']}")
        return web.json_response({"access_token": "teams-1", "expires_in": 3600})

    async def _teams(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer teams-1"
        path = request.match_info["path"]
        if "/members/" in path:
            email = self.emails.get(path.rpartition("/")[2], "")
            return web.json_response({"userPrincipalName": email})
        self.said["teams"].append((f"{request.method} {path}", await request.json()))
        return web.json_response({"id": self._new("out-")})

    async def _reply(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.said["webhook"].append((headers["x-footnote-signature"], await request.json()))
        return web.Response()

    async def _file(self, request: web.Request) -> web.Response:
        self.calls.append(f"file {request.headers.get('Authorization')}")
        return web.Response(body=self.files[request.match_info["name"]])


def flat(value: Any) -> str:
    """Return every string that stands in *value*, one a line."""
    if isinstance(value, dict):
        return "\n".join(flat(one) for one in value.values())
    if isinstance(value, list):
        return "\n".join(flat(one) for one in value)
    return str(value)
