"""The spool in a bucket of S3 or what is compatible with it, for machines that share no folder.

An object's key is `PREFIX/ab/abcdef…`, as in the folder: either can be copied to the other. What
lies on this machine lies there for as long as it is looked at, no longer: what is deleted is gone.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx

from services.domain.documents import Blob
from services.domain.errors import NotReadyError, SettingsError, StorageFullError
from services.registry.folder_spool import FolderSpool
from services.registry.s3_wire import Listed, SignatureV4, listing, listing_query

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_RECONNECTS = 2
_REGION = "us-east-1"
_NOT_FOUND = 404
_OURS = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}")
_SCHEMES = {"s3+https": "https", "s3+http": "http"}


class S3Spool:
    """Objects below *url*, `s3+https://endpoint/bucket/prefix?region=REGION`; what is on its way
    lies in *folder*. Threads may share it.
    """

    def __init__(self, url: str, key_id: str, secret: str, folder: Path) -> None:
        parts = urlsplit(url)
        bucket, _, prefix = parts.path.strip("/").partition("/")
        if parts.scheme not in _SCHEMES or not parts.netloc or not bucket:
            message = f"FOOTNOTE_SPOOL_URL: {url!r} is not s3+https://endpoint/bucket/prefix."
            raise SettingsError(message)
        self._bucket = f"{_SCHEMES[parts.scheme]}://{parts.netloc}/{bucket}"
        self._prefix = f"{prefix}/" if prefix else ""
        self._folder = folder
        self._on_its_way = FolderSpool(folder)
        region = parse_qs(parts.query).get("region", [_REGION])[0]
        self._http = httpx.Client(
            auth=SignatureV4(key_id, secret, region),
            timeout=_TIMEOUT,
            transport=httpx.HTTPTransport(retries=_RECONNECTS),
        )

    def store(self, chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
        """Store *chunks*: the bucket has acknowledged them when this returns."""
        part, digest, length = self._on_its_way.receive(chunks, limit)
        try:
            with part.open("rb") as file:
                headers = {"x-amz-content-sha256": digest, "Content-Length": str(length)}
                answer = self._asked("PUT", self._place(digest), headers, file)
            if answer.status_code == _NOT_FOUND:
                message = "There is no such bucket: check FOOTNOTE_SPOOL_URL."
                raise NotReadyError(message)
        finally:
            part.unlink(missing_ok=True)
        return digest, length

    @contextmanager
    def lent(self, sha256: str) -> Iterator[Path]:
        """Fetch the file for the time of the block; without one there, the path does not exist."""
        path = self._folder / f"{secrets.token_hex(8)}.part"
        response = self._opened(sha256, {})
        try:
            if response.status_code != _NOT_FOUND:
                _save(response, path)
            yield path
        finally:
            response.close()
            path.unlink(missing_ok=True)

    def read(self, blob: Blob) -> bytes:
        """Return the bytes of *blob*."""
        return b"".join(self.opened(blob))

    def opened(self, blob: Blob) -> Iterator[bytes]:
        """Open *blob* at once; return its bytes in pieces. FileNotFoundError if it is gone."""
        if not blob.length:
            return iter(())
        last = blob.offset + blob.length - 1
        response = self._opened(blob.sha256, {"Range": f"bytes={blob.offset}-{last}"})
        if response.status_code == _NOT_FOUND:
            response.close()
            raise FileNotFoundError(blob.sha256)
        return _pieces(response)

    def remove(self, sha256: str) -> int:
        """Delete an object; return its bytes (0 if it was gone)."""
        there = self._asked("HEAD", self._place(sha256))
        if there.status_code == _NOT_FOUND:
            return 0
        self._asked("DELETE", self._place(sha256))
        return int(there.headers.get("content-length", 0))

    def holds(self, sha256: str) -> bool:
        """Say whether the object is there."""
        return self._asked("HEAD", self._place(sha256)).status_code != _NOT_FOUND

    def names(self, older_than_s: float = 0.0) -> list[str]:
        """Return the SHA-256 of every object of at least that age."""
        before = datetime.now(UTC) - timedelta(seconds=older_than_s)
        return [
            one.key.rpartition("/")[2]
            for one in self._listed()
            if self._is_ours(one.key) and (not older_than_s or _is_older(one, before))
        ]

    def _is_ours(self, key: str) -> bool:
        """Say whether a key is where the spool would put it: a bucket may hold other things."""
        return _OURS.fullmatch(key.removeprefix(self._prefix)) is not None

    def _listed(self) -> Iterator[Listed]:
        token = ""
        while True:
            told = self._asked("GET", f"{self._bucket}?{listing_query(self._prefix, token)}")
            try:
                page, token = listing(told.content)
            except ValueError as error:
                message = f"{self._bucket} does not speak S3: check FOOTNOTE_SPOOL_URL."
                raise NotReadyError(message) from error
            yield from page
            if not token:
                return

    def _place(self, sha256: str) -> str:
        return f"{self._bucket}/{self._prefix}{sha256[:2]}/{sha256}"

    def _opened(self, sha256: str, headers: Mapping[str, str]) -> httpx.Response:
        request = self._http.build_request("GET", self._place(sha256), headers=headers)
        return self._sent(request, is_stream=True)

    def _asked(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: BinaryIO | None = None,
    ) -> httpx.Response:
        return self._sent(self._http.build_request(method, url, headers=headers, content=body))

    def _sent(self, request: httpx.Request, *, is_stream: bool = False) -> httpx.Response:
        """Return the answer, which may be that nothing is there; NotReadyError for any other."""
        try:
            response = self._http.send(request, stream=is_stream)
        except httpx.HTTPError as error:
            message = f"The object store does not answer ({type(error).__name__}): try again."
            raise NotReadyError(message) from error
        if response.is_success or response.status_code == _NOT_FOUND:
            return response
        response.close()
        message = (
            f"The object store answered {response.status_code}: check FOOTNOTE_SPOOL_URL, "
            "FOOTNOTE_SPOOL_KEY and FOOTNOTE_SPOOL_SECRET."
        )
        raise NotReadyError(message)


def _is_older(one: Listed, than: datetime) -> bool:
    return bool(one.modified) and datetime.fromisoformat(one.modified) <= than


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    with closing(response):
        yield from response.iter_bytes()


def _save(response: httpx.Response, path: Path) -> None:
    try:
        with path.open("xb") as file:
            for piece in response.iter_bytes():
                file.write(piece)
    except httpx.HTTPError as error:
        message = "The object store broke off: try again."
        raise NotReadyError(message) from error
    except OSError as error:
        message = "The disk is full or failing: free some space, then try again."
        raise StorageFullError(message) from error
