"""Fetching a model of the catalogue from a hub: the only code that opens a connection outward.

Files come one by one over HTTPS, resumable, checked against the hub's own SHA-256 and size, and
against the catalogue's pins where it has them; the model appears under its name only when whole.
"""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from services.domain.errors import ModelFileError
from services.engine.catalogue import ModelSource, catalogue

HUB = "https://huggingface.co"
_WANTED = (".safetensors", ".json", ".txt", ".model", ".gguf")
_BLOCK = 1024 * 1024
_TIMEOUT = httpx.Timeout(30.0, read=120.0)


def pull(name: str, models_dir: Path, hub: str = HUB) -> Path:
    """Fetch the model called *name*; return its folder. ModelFileError says what went wrong."""
    source = next((one for one in catalogue() if one.card.name == name), None)
    if source is None:
        message = f"There is no model {name!r}: `footnote models` lists the known ones."
        raise ModelFileError(message)
    if source.repository is None:
        message = f"Model {name!r} comes with Footnote: there is nothing to fetch."
        raise ModelFileError(message)
    target = models_dir / name
    if target.exists():
        return target
    part = models_dir / f"{name}.part"
    part.mkdir(parents=True, exist_ok=True)
    try:
        with httpx.Client(base_url=hub, timeout=_TIMEOUT, follow_redirects=True) as client:
            for entry in _listed(client, source):
                _fetch(client, source, entry, part)
    except httpx.HTTPError as error:
        message = f"{hub} does not give {source.repository}: {error}. What came so far is kept."
        raise ModelFileError(message) from error
    part.rename(target)
    return target


def _listed(client: httpx.Client, source: ModelSource) -> list[dict[str, Any]]:
    """Return the repository's files that a model needs: never one that runs code."""
    response = client.get(f"/api/models/{source.repository}/tree/main", params={"recursive": "1"})
    response.raise_for_status()
    wanted = [
        entry
        for entry in response.json()
        if entry["type"] == "file" and entry["path"].endswith(_WANTED)
    ]
    if source.path:
        wanted = [entry for entry in wanted if entry["path"] == source.path]
    if not wanted:
        message = f"{source.repository} holds no file of {source.card.name!r}."
        raise ModelFileError(message)
    return wanted


def _fetch(client: httpx.Client, source: ModelSource, entry: dict[str, Any], folder: Path) -> None:
    path = folder / entry["path"]
    if not path.resolve().is_relative_to(folder.resolve()):
        message = f"The hub names a file outside of the model's folder: {entry['path']!r}."
        raise ModelFileError(message)
    path.parent.mkdir(parents=True, exist_ok=True)
    have = path.stat().st_size if path.exists() else 0
    if have < entry["size"]:
        url = f"/{source.repository}/resolve/main/{quote(entry['path'])}"
        headers = {"Range": f"bytes={have}-"} if have else {}
        with client.stream("GET", url, headers=headers) as response:
            response.raise_for_status()
            resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
            with path.open("ab" if resumed else "wb") as file:
                for block in response.iter_bytes(_BLOCK):
                    file.write(block)
    _check(source, entry, path)


def _check(source: ModelSource, entry: dict[str, Any], path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    promised = (entry.get("lfs") or {}).get("oid") or digest
    pinned = source.files.get(entry["path"], promised)
    if path.stat().st_size != entry["size"] or digest != promised or digest != pinned:
        path.unlink()
        message = f"{entry['path']} did not arrive whole (SHA-256 or size differs): pull again."
        raise ModelFileError(message)
