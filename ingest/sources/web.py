"""Web pages: those of a sitemap (sitemaps.org), or one alone."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from ingest.sources import Entry, Source, SourceError
from ingest.sources.guard import GuardedWeb
from services.domain.media import KINDS

_LEAD = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
_MOST_PAGES = 50_000
_MOST_MAPS = 100
_SITEMAP_ENDINGS = (".xml", "sitemap")


class WebSource(Source):
    """The pages that a sitemap at *url* lists, or the page at *url*."""

    def __init__(self, url: str, web: GuardedWeb) -> None:
        self._url = url
        self._web = web

    def entries(self) -> Sequence[Entry]:
        """Return the pages; those without a date of change are fetched each time."""
        if not urlsplit(self._url).path.lower().endswith(_SITEMAP_ENDINGS):
            return [Entry(_name(self._url), "", self._url)]
        found: dict[str, Entry] = {}
        maps, read = [self._url], 0
        while maps:
            read += 1
            if read > _MOST_MAPS or len(found) > _MOST_PAGES:
                message = f"{self._url} lists too much: sync a part of it."
                raise SourceError(message)
            told = _parsed(*self._web.get(maps.pop())[::2])
            maps += [place for place, _ in _places(told, "sitemap")]
            for place, changed in _places(told, "url"):
                found[place] = Entry(_name(place), changed, place)
        return list(found.values())

    def fetch(self, entry: Entry, path: Path) -> None:
        """Fetch a page."""
        _, _, body = self._web.get(entry.place)
        path.write_bytes(body)

    def close(self) -> None:
        """End the connections."""
        self._web.close()


def _parsed(url: str, body: bytes) -> object:
    try:
        return fromstring(body)
    except (ParseError, DefusedXmlException) as error:
        message = f"{url} is no sitemap."
        raise SourceError(message) from error


def _places(told: object, kind: str) -> list[tuple[str, str]]:
    listed = told.findall(f"{_LEAD}{kind}")  # type: ignore[attr-defined]
    return [
        ((one.findtext(f"{_LEAD}loc") or "").strip(), one.findtext(f"{_LEAD}lastmod") or "")
        for one in listed
    ]


def _name(url: str) -> str:
    """Return a page's path as a file's: a page without a type that is read is HTML."""
    parts = urlsplit(url)
    path = unquote(parts.path).strip("/") or "index"
    safe = "/".join(part for part in path.split("/") if part not in {"", ".", ".."})
    query = f"-{parts.query.replace('/', '-')}" if parts.query else ""
    name = f"{parts.hostname}/{safe}{query}"
    return name if name.rpartition(".")[2].lower() in KINDS and not query else f"{name}.html"
