"""Whose address a caller has: that of the connection, or what a proxy that is named forwards."""

import http.client
from collections.abc import Callable
from typing import Any


def seen(service: Any) -> str:
    """Return the address under which a call that claims another one stands in the audit log."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    headers = {"Authorization": f"Bearer {service.key}", "X-Forwarded-For": "203.0.113.9"}
    before = service.call("GET", "/v1/audit?limit=1")[1]["last"]["seq"]
    connection.request("POST", "/v1/collections", '{"name": "seen"}', headers)
    connection.getresponse().read()
    connection.close()
    entries = service.call("GET", f"/v1/audit?after={before}")[1]["entries"]
    return next(str(one["client"]) for one in entries if one["action"].startswith("POST"))


def test_only_a_proxy_that_is_named_is_believed(
    service: Any, make_service: Callable[..., Any]
) -> None:
    assert seen(service) == "203.0.113.9"
    assert seen(make_service(PROXIES="192.0.2.1").start()) == "127.0.0.1"
