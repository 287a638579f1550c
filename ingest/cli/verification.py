"""Checking the data folder, and throwing away what can be made again."""

from collections import Counter
from typing import Any

from ingest.cli.words import translated
from services.data_folder import held
from services.domain.documents import DocumentFilter
from services.domain.errors import BackupError, DamagedGenerationError
from services.index.generations import Generations
from services.registry.folder_spool import file_hash
from services.registry.keys import OWNER
from services.registry.spool import Spool
from services.registry.sqlalchemy_registry import Registry
from services.settings import Settings
from services.wiring import open_registry, open_spool


def verify_data(settings: Settings, *, is_holder: bool = False) -> dict[str, Any]:
    """Return counts of what was looked at, and every fault in words. Changes nothing; whoever holds
    the data folder brings an older registry up to date first.

    DamagedStoreError if the registry itself is damaged, BackupError if there is none.
    """
    if not has_registry(settings):
        message = f"There is no registry in {settings.data_dir}: is FOOTNOTE_DATA_DIR right?"
        raise BackupError(message)
    registry = open_registry(settings, is_holder=is_holder, changes=is_holder)
    try:
        registry.database.check()
        originals: dict[str, str] = {}
        counts, faults = _verify_documents(registry, originals)
        altered = registry.audit.fault()
        if altered is not None:
            faults.append(translated("The audit log was altered: {fault}", fault=altered))
        counts["audit_entries"] = registry.audit.last()[0]
    finally:
        registry.close()
    spool = open_spool(settings)
    names = spool.names()
    known = frozenset(names)
    faults += [
        translated("Spool file {name} does not match its name: add the document again.", name=name)
        for name in names
        if not _is_whole(spool, name)
    ]
    faults += [
        translated("The original of {name} is gone: add the document again.", name=shown)
        for sha256, shown in originals.items()
        if sha256 not in known
    ]
    generations = Generations(settings.index_folder / "generations")
    for number in generations.numbers():
        try:
            generations.verify(number)
        except DamagedGenerationError as error:
            faults.append(translated("{error} It is built again at the next start.", error=error))
    counts |= {"spool_files": len(names), "generations": len(generations.numbers())}
    return {"counts": counts, "faults": faults}


def has_registry(settings: Settings) -> bool:
    """Say whether there is a registry to look at: to open one that is none would make it."""
    return settings.database_url is not None or (settings.data_dir / "registry.sqlite").exists()


def _is_whole(spool: Spool, name: str) -> bool:
    with spool.lent(name) as path:
        return file_hash(path) == name


def drop_indexes(settings: Settings) -> int:
    """Remove every index generation; return how many there were. The service must not run."""
    with (
        held(settings.data_dir),
        held(settings.index_folder, "index", "FOOTNOTE_INDEX_DIR"),
    ):
        return Generations(settings.index_folder / "generations").clear()


def _verify_documents(
    registry: Registry, originals: dict[str, str]
) -> tuple[dict[str, int], list[str]]:
    """Return counts and faults; *originals* learns which files of the spool are needed, by whom."""
    scope = registry.collections.scope_of(OWNER)
    counts: Counter[str] = Counter()
    faults: list[str] = []
    cursor: int | None = 0
    while cursor is not None:
        listed, cursor = registry.documents.listed(scope, DocumentFilter(), cursor, 200)
        for document in listed:
            counts["documents"] += 1
            originals[document.blob.sha256] = document.name
            counts[f"documents_{document.status.value}"] += 1
            text = registry.documents.text(scope, document.id)
            passages = registry.passages.of_document(scope, document.id)
            counts["passages"] += len(passages)
            if len(passages) != document.passages:
                faults.append(
                    translated(
                        "Document {id} should have {count} passages.",
                        id=document.id,
                        count=document.passages,
                    )
                )
            wrong = [p.id for p in passages if text[p.start : p.end] != p.text]
            faults += [
                translated("Passage {id} is no slice of its document's text.", id=one)
                for one in wrong
            ]
    return dict(counts), faults
