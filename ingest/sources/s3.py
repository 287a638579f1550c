"""S3 and what is compatible with it (MinIO, Ceph): ListObjectsV2 and GetObject."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ingest.sources import Entry, Source, SourceError
from ingest.sources.httpx_files import HttpFiles
from services.registry.s3_wire import Listed, listing, listing_query


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
            page, token = self._page(token)
            for one in page:
                name = one.key.removeprefix(self._prefix).lstrip("/")
                if name and not one.key.endswith("/"):
                    found.append(Entry(name, one.etag, f"{self._url}/{quote(one.key)}"))
            if not token:
                return found

    def fetch(self, entry: Entry, path: Path) -> None:
        """Fetch an object."""
        self._files.save(entry.place, path)

    def close(self) -> None:
        """End the connections."""
        self._files.close()

    def _page(self, token: str) -> tuple[list[Listed], str]:
        asked = listing_query(self._prefix, token)
        try:
            return listing(self._files.text("GET", f"{self._url}?{asked}"))
        except ValueError as error:
            message = f"{self._url} does not speak S3."
            raise SourceError(message) from error
