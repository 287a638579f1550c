"""HTTP as sources use it: answers whole or into a file, never more than is allowed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx

from ingest.sources import SourceError

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_LONGEST_LIST = 50 * 1024 * 1024


class HttpFiles:
    """One client of one source; *auth* signs each request."""

    def __init__(self, most_bytes: int, auth: httpx.Auth | tuple[str, str] | None = None) -> None:
        self._most_bytes = most_bytes
        self._http = httpx.Client(timeout=_TIMEOUT, auth=auth, follow_redirects=False)

    def text(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> bytes:
        """Return what a listing says."""
        held = bytearray()
        for block in self._blocks(method, url, headers, body, _LONGEST_LIST):
            held += block
        return bytes(held)

    def save(self, url: str, path: Path) -> None:
        """Write what lies at *url* to *path*."""
        with path.open("wb") as file:
            for block in self._blocks("GET", url, None, "", self._most_bytes):
                file.write(block)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _blocks(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: str,
        most: int,
    ) -> Iterator[bytes]:
        total = 0
        try:
            with self._http.stream(
                method, url, headers=dict(headers or {}), content=body.encode() or None
            ) as response:
                if not response.is_success:
                    message = f"{urlsplit(url).hostname} answered {response.status_code} for {url}."
                    raise SourceError(message)
                for block in response.iter_bytes():
                    total += len(block)
                    if total > most:
                        message = f"{url} is larger than {most} bytes."
                        raise SourceError(message)
                    yield block
        except httpx.HTTPError as error:
            message = f"{urlsplit(url).hostname} does not answer: {type(error).__name__}."
            raise SourceError(message) from error
