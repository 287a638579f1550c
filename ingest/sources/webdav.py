"""WebDAV (RFC 4918): Nextcloud, SharePoint's older door, most network storage."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from ingest.sources import Entry, Source, SourceError
from ingest.sources.httpx_files import HttpFiles

_DAV = "{DAV:}"
_WANTED = (
    '<?xml version="1.0"?><propfind xmlns="DAV:"><prop>'
    "<resourcetype/><getetag/><getlastmodified/><getcontentlength/></prop></propfind>"
)
_MOST_FOLDERS = 20_000


class WebDavSource(Source):
    """A folder of a WebDAV server, with everything below it."""

    def __init__(self, url: str, files: HttpFiles) -> None:
        self._root = url if url.endswith("/") else f"{url}/"
        self._files = files

    def entries(self) -> Sequence[Entry]:
        """Return the files of the folder and of those below, asked for one by one."""
        found: list[Entry] = []
        folders, seen = [self._root], {self._root}
        while folders:
            if len(seen) > _MOST_FOLDERS:
                message = f"{self._root} has more than {_MOST_FOLDERS} folders: sync a part of it."
                raise SourceError(message)
            for place, is_folder, version in self._listed(folders.pop()):
                if not is_folder:
                    name = unquote(place).removeprefix(unquote(self._root))
                    found.append(Entry(name, version, place))
                elif place not in seen:
                    seen.add(place)
                    folders.append(place)
        return found

    def fetch(self, entry: Entry, path: Path) -> None:
        """Fetch a file."""
        self._files.save(entry.place, path)

    def close(self) -> None:
        """End the connections."""
        self._files.close()

    def _listed(self, folder: str) -> Iterator[tuple[str, bool, str]]:
        headers = {"Depth": "1", "Content-Type": "application/xml"}
        data = self._files.text("PROPFIND", folder, headers, _WANTED)
        try:
            told = fromstring(data)
        except (ParseError, DefusedXmlException) as error:
            message = f"{folder} does not speak WebDAV."
            raise SourceError(message) from error
        for response in told.findall(f"{_DAV}response"):
            place = urljoin(folder, response.findtext(f"{_DAV}href", ""))
            is_folder = response.find(f".//{_DAV}collection") is not None
            if is_folder and not place.endswith("/"):
                place += "/"
            # A server names the folder itself, too, and might name others' files.
            same = urlsplit(place)[:2] == urlsplit(self._root)[:2]
            # Servers write the same path as %e6, %E6 or 文.
            plain, below = unquote(place), unquote(self._root)
            if plain != unquote(folder) and same and plain.startswith(below):
                yield place, is_folder, _version(response)


def _version(response: Element) -> str:
    parts = ("getetag", "getlastmodified", "getcontentlength")
    told = [response.findtext(f".//{_DAV}{part}") or "" for part in parts]
    return " ".join(told) if told[0] or told[1] else ""
