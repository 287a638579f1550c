"""Whose address a caller has: that of the connection, or what a proxy that is named forwards."""

import http.client
from collections.abc import Callable
from typing import Any

import pytest


def seen(service: Any) -> str:
    """Return the address under which a call that claims another one stands in the audit log."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    headers = {"Authorization": f"Bearer {service.key}", "X-Forwarded-For": "203.0.113.9"}
    connection.request("POST", "/v1/collections", '{"name": "seen"}', headers)
    assert connection.getresponse().status in {201, 409, 422}
    connection.close()
    entries = service.call("GET", "/v1/audit")[1]["entries"]
    return str(entries[-1]["client"])


@pytest.mark.parametrize(
    ("proxies", "client"), [("127.0.0.1", "203.0.113.9"), ("192.0.2.1", "127.0.0.1")]
)
def test_only_a_proxy_that_is_named_is_believed(
    make_service: Callable[..., Any], proxies: str, client: str
) -> None:
    assert seen(make_service(PROXIES=proxies).start()) == client
