"""What is said to S3 and what is compatible with it (MinIO, Ceph): signatures and listings."""

import hashlib
import hmac
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import httpx2 as httpx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from typing_extensions import override

_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()


class SignatureV4(httpx.Auth):
    """Signs requests: AWS Signature Version 4 for the service `s3`. Who sends a body says its
    SHA-256 in `x-amz-content-sha256`.

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
        hashed = request.headers.setdefault("x-amz-content-sha256", _EMPTY)
        url = request.url
        query = url.query.decode()
        headers = {
            "host": request.headers["host"],
            "x-amz-content-sha256": hashed,
            "x-amz-date": now,
        }
        path = url.raw_path.decode().partition("?")[0]
        request.headers["authorization"] = self.signed(request.method, path, query, headers)
        yield request

    def signed(self, method: str, path: str, query: str, headers: dict[str, str]) -> str:
        """Return the Authorization header of a request; *query* is in canonical order."""
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        hashed = headers["x-amz-content-sha256"]
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{hashed}"
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


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a bucket; *modified* is in ISO 8601, empty where a server does not tell."""

    key: str
    etag: str
    modified: str


def listing_query(prefix: str, token: str) -> str:
    """Return the query of a page of ListObjectsV2, in the order that signatures want."""
    asked = {"list-type": "2", "prefix": prefix}
    if token:
        asked["continuation-token"] = token
    return urlencode(sorted(asked.items()), quote_via=quote, safe="")


def listing(data: bytes) -> tuple[list[Listed], str]:
    """Return the objects of a page, and the token of the next (empty at the end).

    ValueError if it is no listing.
    """
    try:
        told = fromstring(data)
    except (ParseError, DefusedXmlException) as error:
        message = "no listing of a bucket"
        raise ValueError(message) from error
    # Servers differ in whether they name the namespace.
    lead = told.tag[: told.tag.index("}") + 1] if told.tag.startswith("{") else ""
    page = [
        Listed(*(one.findtext(f"{lead}{name}", "") for name in ("Key", "ETag", "LastModified")))
        for one in told.findall(f"{lead}Contents")
    ]
    is_more = told.findtext(f"{lead}IsTruncated", "") == "true"
    return page, told.findtext(f"{lead}NextContinuationToken", "") if is_more else ""
