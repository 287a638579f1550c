"""Fetching a model of the catalogue from a hub: the only code that opens a connection outward.

`huggingface_hub` carries the files, and goes on where a broken-off download stopped; each is then
checked against the hub's own SHA-256 and size, and against the catalogue's pins where it has them.
A model appears under its name only when whole.
"""

import hashlib
import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import httpx2 as httpx
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.hf_api import RepoFile

from services.domain.errors import ModelFileError
from services.engine.catalogue import ModelSource, catalogue

_WANTED = (".safetensors", ".json", ".txt", ".model", ".gguf")
# Where huggingface_hub keeps what is not whole yet, inside the folder that it fills.
_ASIDE = ".cache"
_FAILURES = (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, httpx.HTTPError, OSError)

_REACH_S = 10.0

Told = Callable[[str, int], None]


def pull(name: str, models_dir: Path, hub: str, told: Told = lambda _file, _bytes: None) -> Path:
    """Fetch the model called *name* from *hub*; return its folder. *told* hears of each file.

    ModelFileError says what went wrong; what came so far is kept for the next try.
    """
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
        # Any reply will do: huggingface_hub itself tries for half a minute where there is no hub.
        httpx.head(hub, timeout=_REACH_S)
        for entry in _listed(source, source.repository, hub):
            told(entry.path, entry.size)
            _fetch(source, source.repository, entry, part, hub)
    except _FAILURES as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"{hub} does not give {source.repository}: {reason} What came so far is kept."
        raise ModelFileError(message) from error
    shutil.rmtree(part / _ASIDE, ignore_errors=True)
    part.rename(target)
    return target


def _listed(source: ModelSource, repository: str, hub: str) -> list[RepoFile]:
    """Return the repository's files that a model needs: never one that runs code."""
    tree = HfApi(endpoint=hub).list_repo_tree(repository, recursive=True)
    wanted = [one for one in tree if isinstance(one, RepoFile) and one.path.endswith(_WANTED)]
    if source.path:
        wanted = [one for one in wanted if fnmatch(one.path, source.path)]
    if not wanted:
        message = f"{repository} holds no file of {source.card.name!r}."
        raise ModelFileError(message)
    return wanted


def _fetch(source: ModelSource, repository: str, entry: RepoFile, folder: Path, hub: str) -> None:
    path = folder / entry.path
    if not path.resolve().is_relative_to(folder.resolve()):
        message = f"The hub names a file outside of the model's folder: {entry.path!r}."
        raise ModelFileError(message)
    hf_hub_download(repository, entry.path, local_dir=folder, endpoint=hub)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    promised = entry.lfs.sha256 if entry.lfs is not None else digest
    pinned = source.files.get(entry.path, promised)
    if path.stat().st_size != entry.size or digest != promised or digest != pinned:
        path.unlink()
        message = f"{entry.path} did not arrive whole (SHA-256 or size differs): pull again."
        raise ModelFileError(message)
