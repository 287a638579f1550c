"""A bucket of S3 on this machine: it checks each signature from the wire, as a server would."""

import hashlib
import hmac
import re
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

KEY_ID, SECRET = "ada", "open sesame"


class S3Handler(BaseHTTPRequestHandler):
    """What all buckets do: check signatures, list. Objects are `files`, by key."""

    files: ClassVar[dict[str, bytes]] = {}
    page_size = 2

    def list_bucket(self, query: dict[str, str]) -> None:
        """Answer with a page of ListObjectsV2."""
        self.check_signature()
        names = sorted(name for name in self.files if name.startswith(query.get("prefix", "")))
        start = int(query.get("continuation-token", "0"))
        page, following = names[start : start + self.page_size], start + self.page_size
        more = following < len(names)
        rows = "".join(
            f"<Contents><Key>{name}</Key><ETag>{hash(self.files[name])}</ETag>"
            "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
            for name in page
        )
        token = f"<NextContinuationToken>{following}</NextContinuationToken>" if more else ""
        lead = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
        told = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}"
        self.answer(200, f"<ListBucketResult {lead}>{told}</ListBucketResult>".encode())

    def check_signature(self) -> None:
        """Sign what came as the server would, from the wire alone."""
        given = self.headers["Authorization"]
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=ada/(\d{8})/eu-1/s3/aws4_request,"
            r"SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})",
            given,
        )
        assert found is not None, given
        day, names, signature = found.groups()
        path, _, query = self.path.partition("?")
        lines = "".join(f"{name}:{self.headers[name]}\n" for name in names.split(";"))
        ordered = "&".join(sorted(query.split("&"))) if query else ""
        hashed = self.headers["x-amz-content-sha256"]
        canonical = f"{self.command}\n{path}\n{ordered}\n{lines}\n{names}\n{hashed}"
        key = b"AWS4" + SECRET.encode()
        for part in (day, "eu-1", "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = (
            f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{day}/eu-1/s3/aws4_request\n{digest}"
        )
        assert hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == signature

    def answer(self, status: int, body: bytes = b"") -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


class Bucket(S3Handler):
    """`/bucket`: put, get (also a range), head, delete, list. `fails` makes it answer 503."""

    fails = False

    def do_PUT(self) -> None:
        """Store an object whose bytes are those that were signed."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._refused():
            assert hashlib.sha256(body).hexdigest() == self.headers["x-amz-content-sha256"]
            self.files[self._key()] = body
            self.answer(200)

    def do_GET(self) -> None:
        """Return an object, a range of it, or a page of the list."""
        if self._refused():
            return
        if urlsplit(self.path).path == "/bucket":
            self.list_bucket(dict(parse_qsl(urlsplit(self.path).query)))
            return
        data = self.files.get(self._key())
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if data is not None and asked is not None:
            self.answer(206, data[int(asked[1]) : int(asked[2]) + 1])
        else:
            self.answer(404 if data is None else 200, data or b"<Error/>")

    def do_HEAD(self) -> None:
        """Tell whether an object is there, and its length."""
        if not self._refused():
            data = self.files.get(self._key())
            self.answer(404 if data is None else 200, data or b"")

    def do_DELETE(self) -> None:
        """Delete an object."""
        if not self._refused():
            self.files.pop(self._key(), None)
            self.answer(204)

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    def _refused(self) -> bool:
        self.check_signature()
        if self.fails:
            self.answer(503)
        return self.fails
