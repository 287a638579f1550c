"""Sets added to a data folder by the real pipeline, without a service around it."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality.sets import rows
from ingest.reading.children import ReadingChildren
from ingest.worker import build_pipeline
from services.api.uploads import Door, Upload, take
from services.jobs.memory_queue import MemoryQueue
from services.registry.keys import OWNER
from services.settings import Settings, set_quiet_offline
from services.wiring import open_embedder, open_registry, open_spool


def add_sets(data_dir: Path, names: Sequence[str]) -> dict[str, float]:
    """Add each set as a collection of its name; return the seconds that each took."""
    return add_rows(data_dir, ((name, rows(name, "corpus")) for name in names))


def add_rows(
    data_dir: Path, collections: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]
) -> dict[str, float]:
    """Add each collection's rows (`id`, `text`, perhaps `title`) as documents; return the seconds
    that each took.
    """
    set_quiet_offline()
    settings = Settings.load(data_dir=data_dir)
    registry = open_registry(settings)
    children = ReadingChildren(settings.reader_seconds)
    pipeline = build_pipeline(settings, registry, children, open_embedder(settings))
    seconds: dict[str, float] = {}
    for name, documents in collections:
        began = time.perf_counter()
        queue = MemoryQueue(pipeline.ingest)
        door = Door(registry, open_spool(settings), queue)
        path = data_dir / f"{name}.jsonl"
        lines = (
            json.dumps({"id": row["id"], "title": row.get("title", ""), "text": row["text"]})
            for row in documents
        )
        path.write_text("\n".join(lines), encoding="utf-8")
        with path.open("rb") as file:
            upload = Upload(path.name, file, name, "", {})
            take(door, registry.collections.scope_of(OWNER), upload, settings.upload_bytes)
        seconds[name] = time.perf_counter() - began
    children.close()
    registry.close()
    return seconds
