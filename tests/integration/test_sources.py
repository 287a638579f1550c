"""Sources of documents against servers on this machine that speak their protocols."""

import base64
import contextlib
import hashlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest

from ingest.sources import SourceError
from ingest.sources.guard import GuardedWeb
from ingest.sources.mail import _quoted
from ingest.sources.mirror import mirrored
from ingest.sources.opening import open_source
from services.registry.s3_wire import SignatureV4
from services.settings import Settings
from tests.conftest import served
from tests.s3_server import KEY_ID, SECRET, S3Handler

USER, PASSWORD = KEY_ID, SECRET


class Files(S3Handler):
    """WebDAV below /dav/, S3 below /bucket, and pages: all over one dictionary of files."""

    files: ClassVar[dict[str, bytes]] = {}
    fetched: ClassVar[list[str]] = []
    forward: ClassVar[dict[str, str]] = {}
    fails = False
    page_size = 2

    def do_PROPFIND(self) -> None:  # noqa: N802
        """List one folder, as RFC 4918 has it."""
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {credentials}" or self.fails:
            self.send_error(500 if self.fails else 401)
            return
        assert self.headers["Depth"] == "1"
        folder = unquote(self.path.removeprefix("/dav/"))
        names = {name.removeprefix(folder) for name in self.files if name.startswith(folder)}
        told: list[tuple[str, bytes | None]] = [(f"/dav/{folder}", None)]
        for name in sorted({name.partition("/")[0] + "/" * ("/" in name) for name in names}):
            data = self.files.get(f"{folder}{name}")
            told.append((f"/dav/{folder}{name}", data))
        told.append(("/elsewhere/secret.txt", b"not of this folder"))
        rows = "".join(self._row(place, data) for place, data in told)
        self.answer(207, f'<d:multistatus xmlns:d="DAV:">{rows}</d:multistatus>'.encode())

    @staticmethod
    def _row(place: str, data: bytes | None) -> str:
        kind = "<d:collection/>" if data is None else ""
        tag = "" if data is None else f"<d:getetag>{hashlib.md5(data).hexdigest()}</d:getetag>"  # noqa: S324
        properties = f"<d:resourcetype>{kind}</d:resourcetype>{tag}"
        href = quote(place)
        return (
            f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{properties}</d:prop>"
            "</d:propstat></d:response>"
        )

    def do_GET(self) -> None:  # noqa: N802
        """Return a file, a page of a bucket's list, or a sitemap."""
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if path in self.forward:
            self.send_response(302)
            self.send_header("Location", self.forward[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/bucket":
            self.list_bucket(dict(parse_qsl(parts.query)))
        elif path.startswith(("/dav/", "/bucket/", "/pages/")):
            if path.startswith("/bucket/"):
                self.check_signature()
            name = path.split("/", 2)[2]
            type(self).fetched.append(name)
            data = self.files.get(name)
            self.answer(404 if data is None else 200, data or b"")
        else:
            self.send_error(404)


@pytest.fixture
def files() -> Iterator[str]:
    """Return the address of the server, two folders of files in it."""
    Files.files = {"a.md": b"# A", "deep/b c.txt": b"b", "deep/d.pdf": b"%PDF", "x.exe": b"MZ"}
    Files.fetched, Files.forward, Files.fails = [], {}, False
    with served(Files) as url:
        yield url.removeprefix("http://")


def settings(**given: Any) -> Settings:
    return Settings.load(source_user=USER, source_password=PASSWORD, **given)


def synced(named: str, folder: Path, **given: Any) -> list[str]:
    """Mirror a source; return the names of the files in the mirror."""
    source = open_source(named, settings(**given))
    try:
        mirrored(source, folder)
    finally:
        source.close()
    found = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return sorted(path.relative_to(folder).as_posix() for path in found)


@pytest.mark.parametrize("named", ["dav://{host}/dav/", "s3+http://{host}/bucket/?region=eu-1"])
def test_a_source_is_mirrored_and_only_what_changed_is_fetched(
    files: str, tmp_path: Path, named: str
) -> None:
    named = named.format(host=files)
    assert synced(named, tmp_path) == ["a.md", "deep/b c.txt", "deep/d.pdf"]
    Files.fetched.clear()
    assert synced(named, tmp_path) == ["a.md", "deep/b c.txt", "deep/d.pdf"]
    assert Files.fetched == []

    Files.files = {"a.md": b"# A, changed", "deep/b c.txt": b"b", "new.txt": b"n"}
    assert synced(named, tmp_path) == ["a.md", "deep/b c.txt", "new.txt"]
    assert sorted(Files.fetched) == ["a.md", "new.txt"]
    assert (tmp_path / "a.md").read_bytes() == b"# A, changed"


def test_a_prefix_of_a_bucket_is_left_off(files: str, tmp_path: Path) -> None:
    found = synced(f"s3+http://{files}/bucket/deep/?region=eu-1", tmp_path)

    assert found == ["b c.txt", "d.pdf"]


def test_the_signature_is_that_of_amazons_own_example() -> None:
    # "GET Bucket (List Objects)" of the documentation of Signature Version 4.
    signer = SignatureV4(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "us-east-1",
    )
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-amz-date": "20130524T000000Z",
    }

    told = signer.signed("GET", "/", "max-keys=2&prefix=J", headers)

    assert told.endswith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")


def test_a_source_that_fails_or_is_empty_deletes_nothing(files: str, tmp_path: Path) -> None:
    synced(f"dav://{files}/dav/", tmp_path)
    Files.fails = True
    with pytest.raises(SourceError, match="answered 500"):
        synced(f"dav://{files}/dav/", tmp_path)
    Files.fails, Files.files = False, {}
    with pytest.raises(SourceError, match="lists no file"):
        synced(f"dav://{files}/dav/", tmp_path)
    assert (tmp_path / "a.md").is_file()


def test_names_that_lead_out_of_the_mirror_are_refused(files: str, tmp_path: Path) -> None:
    Files.files = {"../../escaped.md": b"x"}
    with pytest.raises(SourceError, match="no path within"):
        synced(f"s3+http://{files}/bucket/?region=eu-1", tmp_path / "mirror")
    assert not (tmp_path.parent / "escaped.md").exists()


def test_one_file_that_cannot_be_had_keeps_no_other_back(files: str, tmp_path: Path) -> None:
    named = f"s3+http://{files}/bucket/?region=eu-1"
    Files.files = {"a.md": b"old", "b.md": b"b"}
    synced(named, tmp_path)
    long = "章" * 120 + ".md"
    Files.files = {"a.md": b"# much too large" * 90, "c.md": b"c", "c.md/d.md": b"d", long: b"e"}
    source = open_source(named, settings(upload_bytes=1024))
    done = mirrored(source, tmp_path)
    source.close()

    assert (tmp_path / "a.md").read_bytes() == b"old"
    assert not (tmp_path / "b.md").exists()
    assert set(done.failed) == {"a.md", "c.md/d.md"}
    assert "larger than 1024 bytes" in done.failed["a.md"]
    kept = [path.read_bytes() for path in tmp_path.glob("章*.md")]
    assert (done.fetched, kept) == (2, [b"e"])


def test_a_prefix_is_a_folder(files: str, tmp_path: Path) -> None:
    Files.files = {"docs/a.md": b"a", "docs-private/secret.md": b"s", "docsa.md": b"x"}

    assert synced(f"s3+http://{files}/bucket/docs?region=eu-1", tmp_path) == ["a.md"]


@pytest.mark.parametrize("folder", ["文档", "%e6%96%87%e6%a1%a3", "%E6%96%87%E6%A1%A3"])
def test_a_folder_may_have_a_chinese_name(files: str, tmp_path: Path, folder: str) -> None:
    Files.files = {"文档/规章.md": "# 规章".encode(), "文档/子/b.md": b"b"}

    assert synced(f"dav://{files}/dav/{folder}/", tmp_path) == ["子/b.md", "规章.md"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("INBOX", '"INBOX"'),
        ("合同", '"&VAhUDA-"'),
        # The example of RFC 3501, 5.1.3.
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ("A&B", '"A&-B"'),
    ],
)
def test_a_mail_folder_is_named_as_imap_writes_it(name: str, wanted: str) -> None:
    assert _quoted(name) == wanted


def test_other_sources_are_named(files: str) -> None:
    with pytest.raises(SourceError, match="davs://"):
        open_source(f"gopher://{files}/", settings())


# Mail.


class Mailbox(socketserver.StreamRequestHandler):
    """A mailbox of IMAP4rev1 (RFC 3501), as far as it is asked."""

    messages: ClassVar[dict[int, bytes]] = {}
    generation = 7

    def handle(self) -> None:  # noqa: C901 - one branch a command
        """Answer until LOGOUT."""
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, asked = line.decode().strip().partition(" ")
            command = asked.upper()
            if command.startswith("LOGIN"):
                good = asked == f'LOGIN {USER} "{PASSWORD}"'
                if not good:
                    self._say(f"{tag} NO wrong")
                    continue
            elif command.startswith("EXAMINE"):
                self._say(f"* {len(self.messages)} EXISTS")
                self._say(f"* OK [UIDVALIDITY {self.generation}] numbers hold")
            elif command.startswith("UID SEARCH"):
                self._say("* SEARCH " + " ".join(map(str, sorted(self.messages))))
            elif command.startswith("UID FETCH"):
                number = int(asked.split()[2])
                data = self.messages[number]
                self.wfile.write(f"* 1 FETCH (UID {number} BODY[] {{{len(data)}}}\r\n".encode())
                self.wfile.write(data + b")\r\n")
            elif command.startswith("CAPABILITY"):
                self._say("* CAPABILITY IMAP4rev1")
            elif command.startswith("LOGOUT"):
                self._say("* BYE")
                self._say(f"{tag} OK done")
                return
            self._say(f"{tag} OK done")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[int]:
    Mailbox.messages = {3: b"Subject: Leave\r\n\r\n23 days\r\n", 5: b"Subject: B\r\n\r\nb\r\n"}
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def test_a_mailbox_is_mirrored_and_what_is_deleted_there_goes(mailbox: int, tmp_path: Path) -> None:
    named = f"imap://127.0.0.1:{mailbox}/Drop box"
    assert synced(named, tmp_path) == ["3.eml", "5.eml"]
    assert b"23 days" in (tmp_path / "3.eml").read_bytes()

    Mailbox.messages = {5: b"must not be fetched again", 8: b"Subject: C\r\n\r\nc\r\n"}
    assert synced(named, tmp_path) == ["5.eml", "8.eml"]
    assert b"Subject: B" in (tmp_path / "5.eml").read_bytes()


def test_a_wrong_password_is_said(mailbox: int) -> None:
    wrong = Settings.load(source_user=USER, source_password="wrong")  # noqa: S106 - it is wrong
    with pytest.raises(SourceError, match="does not let us sign in"):
        open_source(f"imap://127.0.0.1:{mailbox}/", wrong)


# Web pages, and the guard before them: U7 of the bar.


def test_the_pages_of_a_sitemap_are_mirrored(files: str, tmp_path: Path) -> None:
    lead = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    page = f"http://{files}/pages"
    urls = f"<url><loc>{page}/guide/</loc><lastmod>2026-01-01</lastmod></url>"
    urls += f"<url><loc>{page}/terms.pdf</loc><lastmod>2026-01-01</lastmod></url>"
    inner = f"<sitemap><loc>{page}/inner.xml</loc></sitemap>"
    Files.files = {
        "sitemap.xml": f"<sitemapindex {lead}>{inner}</sitemapindex>".encode(),
        "inner.xml": f"<urlset {lead}>{urls}</urlset>".encode(),
        "guide/": b"<h1>Guide</h1>",
        "terms.pdf": b"%PDF",
    }
    found = synced(f"{page}/sitemap.xml", tmp_path, url_hosts="127.0.0.1")
    assert found == ["127.0.0.1/pages/guide.html", "127.0.0.1/pages/terms.pdf"]
    Files.fetched.clear()
    synced(f"{page}/sitemap.xml", tmp_path, url_hosts="127.0.0.1")
    assert "terms.pdf" not in Files.fetched


def test_nothing_is_fetched_unless_the_settings_say_so(files: str) -> None:
    with pytest.raises(SourceError, match="FOOTNOTE_URL_HOSTS"):
        open_source(f"http://{files}/pages/x", settings())


SPELLINGS = (
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:10.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.2.1/",
    "http://user:pass@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1:80\\@example.com/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1/",
    "http:///etc/passwd",
    "http://",
    "//127.0.0.1/",
    "javascript:alert(1)",
    "http://127.0.0.1:99999/",
    "http://[::1/",
    "http://127.0.0.1%00.example.com/",
    "http://a b/",
    "http://-/",
    "http://..",
    "http://metadata.google.internal/",
    "unix:///var/run/docker.sock",
)


@pytest.mark.parametrize("url", SPELLINGS)
def test_u7_no_spelling_reaches_a_private_address(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, place: connected.append(place))
    web = GuardedWeb(frozenset({"*"}), 1000)
    with contextlib.closing(web), pytest.raises(SourceError):
        web.get(url)
    assert len(SPELLINGS) == 50
    assert connected == []


Resolve = Callable[[str], None]


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return a directory of names: what a name is at, the next time that it is asked for."""
    answers: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **given: Any) -> Any:
        if host not in answers:
            return real(host, port, *rest, **given)
        address = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


def test_u7_a_name_that_changes_its_address_gains_nothing(
    files: str, named: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = files.partition(":")[2]
    # Public when it is looked at, this machine ever after: the connection goes where was looked.
    named["rebind.example"] = ["93.184.216.34", "127.0.0.1"]
    connected: list[Any] = []

    def connect(_self: socket.socket, place: Any) -> None:
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    web = GuardedWeb(frozenset({"*"}), 1000)
    with contextlib.closing(web), pytest.raises(SourceError, match="does not answer"):
        web.get(f"http://rebind.example:{port}/pages/a.md")
    assert connected == [("93.184.216.34", int(port))]


def test_u7_a_name_at_this_machine_is_refused_and_one_on_the_list_is_fetched(
    files: str, named: dict[str, list[str]]
) -> None:
    port = files.partition(":")[2]
    named["wiki.intranet"] = ["127.0.0.1"]
    public = GuardedWeb(frozenset({"*"}), 1000)
    with contextlib.closing(public), pytest.raises(SourceError, match="private address"):
        public.get(f"http://wiki.intranet:{port}/pages/a.md")
    assert Files.fetched == []

    with contextlib.closing(GuardedWeb(frozenset({"wiki.intranet"}), 1000)) as web:
        assert web.get(f"http://wiki.intranet:{port}/pages/a.md")[2] == b"# A"
        with pytest.raises(SourceError, match="not on the list"):
            web.get("http://example.com/")


def test_u7_redirects_go_through_the_same_door(files: str, named: dict[str, list[str]]) -> None:
    port = files.partition(":")[2]
    named["wiki.intranet"] = ["127.0.0.1"]
    Files.forward = {
        "/pages/in": f"http://127.0.0.1:{port}/pages/a.md",
        "/pages/round": "/pages/round",
        "/pages/good": "/pages/a.md",
    }
    with contextlib.closing(GuardedWeb(frozenset({"wiki.intranet"}), 1000)) as web:
        with pytest.raises(SourceError, match="not on the list"):
            web.get(f"http://wiki.intranet:{port}/pages/in")
        with pytest.raises(SourceError, match="forwards more than"):
            web.get(f"http://wiki.intranet:{port}/pages/round")
        assert web.get(f"http://wiki.intranet:{port}/pages/good")[2] == b"# A"
        Files.files["a.md"] = b"x" * 2000
        with pytest.raises(SourceError, match="larger than"):
            web.get(f"http://wiki.intranet:{port}/pages/good")
