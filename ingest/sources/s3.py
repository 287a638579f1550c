"""S3 and what is compatible with it (MinIO, Ceph): ListObjectsV2 and GetObject."""

import hashlib
import hmac
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2 as httpx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from typing_extensions import override

from ingest.sources import Entry, Source, SourceError
from ingest.sources.httpx_files import HttpFiles

_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()


class SignatureV4(httpx.Auth):
    """Signs requests without a body: AWS Signature Version 4 for the service `s3`.

    docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """

    def __init__(self, key_id: str, secret: str, region: str) -> None:
        self._key_id = key_id
        self._secret = secret
        self._region = region

    @override
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request as of now."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        request.headers["x-amz-date"] = now
        request.headers["x-amz-content-sha256"] = _EMPTY
        url = request.url
        query = url.query.decode()
        headers = {
            "host": request.headers["host"],
            "x-amz-content-sha256": _EMPTY,
            "x-amz-date": now,
        }
        path = url.raw_path.decode().partition("?")[0]
        request.headers["authorization"] = self.signed(request.method, path, query, headers)
        yield request

    def signed(self, method: str, path: str, query: str, headers: dict[str, str]) -> str:
        """Return the Authorization header of a request; *query* is in canonical order."""
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{_EMPTY}"
        now = headers["x-amz-date"]
        scope = f"{now[:8]}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"{_ALGORITHM}\n{now}\n{scope}\n{digest}"
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={self._key_id}/{scope}"
        return f"{_ALGORITHM} {credential},SignedHeaders={names},Signature={signature}"


class S3Source(Source):
    """The objects of a bucket below a prefix; *url* is the endpoint with the bucket."""

    def __init__(self, url: str, prefix: str, files: HttpFiles) -> None:
        self._url = url.rstrip("/")
        # docs/ and not docs-private/: a prefix is a folder, as people mean it.
        self._prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        self._files = files

    def entries(self) -> Sequence[Entry]:
        """Return the objects, page after page."""
        found: list[Entry] = []
        token = ""
        while True:
            asked = {"list-type": "2", "prefix": self._prefix}
            if token:
                asked["continuation-token"] = token
            query = urlencode(sorted(asked.items()), quote_via=quote, safe="")
            page, token = _page(self._files.text("GET", f"{self._url}?{query}"), self._url)
            for key, etag in page:
                name = key.removeprefix(self._prefix).lstrip("/")
                if name and not key.endswith("/"):
                    found.append(Entry(name, etag, f"{self._url}/{quote(key)}"))
            if not token:
                return found

    def fetch(self, entry: Entry, path: Path) -> None:
        """Fetch an object."""
        self._files.save(entry.place, path)

    def close(self) -> None:
        """End the connections."""
        self._files.close()


def _page(data: bytes, url: str) -> tuple[list[tuple[str, str]], str]:
    try:
        told = fromstring(data)
    except (ParseError, DefusedXmlException) as error:
        message = f"{url} does not speak S3."
        raise SourceError(message) from error
    # Servers differ in whether they name the namespace.
    lead = told.tag[: told.tag.index("}") + 1] if told.tag.startswith("{") else ""
    page = [
        (one.findtext(f"{lead}Key", ""), one.findtext(f"{lead}ETag", ""))
        for one in told.findall(f"{lead}Contents")
    ]
    is_more = told.findtext(f"{lead}IsTruncated", "") == "true"
    return page, told.findtext(f"{lead}NextContinuationToken", "") if is_more else ""
