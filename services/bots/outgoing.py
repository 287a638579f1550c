"""Calls to a platform: JSON both ways, with time limits, and errors that say what it said."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx

from services.domain.errors import HouseError, InvalidRequestError, TooLargeError

_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_LONGEST_WORD = 200


class PlatformError(HouseError):
    """A chat platform refused a call, or does not answer."""

    code = "platform"


class Outgoing:
    """Calls to one host of one platform. Close it."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that *path* (or a whole address) answers to a *body* in JSON, or
        to a *form*; PlatformError if none.
        """
        url = path if "://" in path else self.address(path)
        try:
            response = await self._http.request(
                method, url, json=body, data=form, headers=dict(headers or {})
            )
            told = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            message = f"{_host(url)} does not answer: {type(error).__name__}."
            raise PlatformError(message) from error
        if response.status_code >= httpx.codes.BAD_REQUEST or not isinstance(told, dict):
            said = response.text[:_LONGEST_WORD]
            message = f"{_host(url)} answered {response.status_code}: {said}"
            raise PlatformError(message)
        return told

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send bytes as they are, for they are signed; PlatformError if they are not taken."""
        try:
            response = await self._http.post(url, content=body, headers=dict(headers))
        except httpx.HTTPError as error:
            message = f"{_host(url)} does not answer: {type(error).__name__}."
            raise PlatformError(message) from error
        if response.status_code >= httpx.codes.BAD_REQUEST:
            message = f"{_host(url)} answered {response.status_code}."
            raise PlatformError(message)

    async def fetch(
        self, url: str, most_bytes: int, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Return what lies at *url*; TooLargeError beyond *most_bytes*."""
        held = bytearray()
        try:
            async with self._http.stream("GET", url, headers=dict(headers or {})) as response:
                if response.status_code != httpx.codes.OK:
                    message = f"{_host(url)} answered {response.status_code}."
                    raise PlatformError(message)
                async for block in response.aiter_bytes():
                    held += block
                    if len(held) > most_bytes:
                        message = f"The file is larger than {most_bytes} bytes."
                        raise TooLargeError(message)
        except httpx.HTTPError as error:
            message = f"{_host(url)} does not answer: {type(error).__name__}."
            raise PlatformError(message) from error
        return bytes(held)

    def address(self, path: str) -> str:
        """Return the whole address of a path."""
        return f"{self._url}{path}"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def checked_url(url: str, home: str, domain: str) -> str:
    """Return *url*, which an event named, if it leads to the platform: to a host under *domain*
    over TLS, or to where *home* is; InvalidRequestError if it leads elsewhere.
    """
    parts, own = urlsplit(url), urlsplit(home)
    is_home = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
    host = parts.hostname or ""
    is_theirs = parts.scheme == "https" and (host == domain or host.endswith(f".{domain}"))
    if not (is_home or is_theirs) or parts.username is not None:
        message = f"An event names an address that is not the platform's: {host!r}."
        raise InvalidRequestError(message)
    return url


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
