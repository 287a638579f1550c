"""From what was named on the command line to a source."""

from urllib.parse import parse_qs, unquote, urlsplit

from ingest.sources import Source, SourceError
from ingest.sources.guard import GuardedWeb
from ingest.sources.httpx_files import HttpFiles
from ingest.sources.mail import MailSource
from ingest.sources.s3 import S3Source
from ingest.sources.web import WebSource
from ingest.sources.webdav import WebDavSource
from services.registry.s3_wire import SignatureV4
from services.settings import Settings

_KINDS = (
    "davs://host/folder/ (WebDAV), s3+https://endpoint/bucket/prefix, imaps://host/FOLDER, "
    "https://host/sitemap.xml or a page"
)
_MAIL_PORTS = {"imaps": 993, "imap": 143}
_REGION = "us-east-1"


def is_source(named: str) -> bool:
    """Say whether this is a source and not a folder."""
    return "://" in named


def open_source(named: str, settings: Settings) -> Source:
    """Return the source that *named* means; SourceError if none."""
    parts = urlsplit(named)
    user = settings.source_user
    password = settings.source_password.get_secret_value() if settings.source_password else ""
    most = settings.upload_bytes
    if parts.scheme in {"dav", "davs"}:
        scheme = "https" if parts.scheme == "davs" else "http"
        auth = (user, password) if user else None
        return WebDavSource(parts._replace(scheme=scheme).geturl(), HttpFiles(most, auth))
    if parts.scheme in {"s3+https", "s3+http"}:
        bucket, _, prefix = parts.path.lstrip("/").partition("/")
        region = parse_qs(parts.query).get("region", [_REGION])[0]
        url = f"{parts.scheme.partition('+')[2]}://{parts.netloc}/{bucket}"
        files = HttpFiles(most, SignatureV4(user, password, region))
        return S3Source(url, unquote(prefix), files)
    if parts.scheme in _MAIL_PORTS:
        port = parts.port or _MAIL_PORTS[parts.scheme]
        mail = MailSource(parts.hostname or "", port, is_secure=parts.scheme == "imaps")
        return mail.open(user, password, unquote(parts.path.strip("/")) or "INBOX")
    if parts.scheme in {"http", "https"}:
        return _web(named, settings, most)
    message = f"There is no source {named!r}. There are: {_KINDS}."
    raise SourceError(message)


def _web(named: str, settings: Settings, most: int) -> Source:
    hosts = frozenset(one.strip().lower() for one in settings.url_hosts.split(",") if one.strip())
    if not hosts:
        message = (
            "Web pages are not fetched: set FOOTNOTE_URL_HOSTS to the hosts that may be, "
            "or to * for all that are public."
        )
        raise SourceError(message)
    return WebSource(named, GuardedWeb(hosts, most))
