"""The worker: takes jobs, runs the pipeline, and sends again what was forgotten."""

import time

import structlog

from ingest.chunking.langchain_chunker import LangChainChunker
from ingest.chunking.sizing import sizes_for
from ingest.pipeline import LEASE_S, Limits, Pipeline, Tools
from ingest.processes import WORKERS_NICENESS, StopSignals, be_nice
from ingest.reading.children import ReadingChildren
from ingest.reading.scratch import remove_left_over
from services.domain.errors import HouseError
from services.engine import Embedder
from services.jobs import JobQueue
from services.language.terms import read_dictionary
from services.logs import set_up_logs
from services.registry.spool import Spool
from services.registry.sqlalchemy_registry import Registry
from services.settings import Settings, set_quiet_offline
from services.wiring import open_embedder, open_registry, open_spool, open_worker

_SWEEP_S = 2.0
_SWEPT_AT_ONCE = 200
# While this many messages wait, documents without one can wait too.
_BUSY = 50
_ORPHANS_S = 600.0
_DRAIN_S = 8.0
_ANSWERS_AT_ONCE = 500

log = structlog.get_logger("worker")


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is in hand then is finished or left to the next worker."""
    be_nice(WORKERS_NICENESS)
    set_quiet_offline()
    set_up_logs(settings)
    stopping = StopSignals()
    registry = open_registry(settings)
    children = ReadingChildren(settings.reader_seconds)
    pipeline = build_pipeline(settings, registry, children, open_embedder(settings))
    queue, worker = open_worker(settings, pipeline.ingest)
    read_dictionary()
    worker.start()
    log.info("worker started", threads=settings.worker_threads)
    swept_at = 0.0
    while not stopping.wait(_SWEEP_S):
        try:
            sweep(registry, queue)
            if time.monotonic() - swept_at > _ORPHANS_S:
                swept_at = time.monotonic()
                remove_left_over()
                remove_orphans(registry, open_spool(settings))
                remove_old_answers(registry, settings.answer_days)
        except HouseError as error:
            log.warning("sweep failed", reason=str(error))
    worker.stop(_DRAIN_S)
    children.close()
    registry.close()
    log.info("worker stopped")


def build_pipeline(
    settings: Settings, registry: Registry, children: ReadingChildren, embedder: Embedder
) -> Pipeline:
    """Build the pipeline over what is open already."""
    most_tokens = min(settings.passage_tokens, embedder.card.max_tokens)
    return Pipeline(
        Tools(
            work=registry.work,
            spool=open_spool(settings),
            embedder=embedder,
            chunker=LangChainChunker(sizes_for(embedder.card, embedder.count_tokens), most_tokens),
            children=children,
            limits=Limits(
                pages=settings.reader_pages,
                characters=settings.text_characters,
                memory_mb=settings.reader_memory_mb,
            ),
        )
    )


def sweep(registry: Registry, queue: JobQueue) -> int:
    """Send again the documents whose message or worker was lost; return how many."""
    if queue.waiting() > _BUSY:
        return 0
    forgotten = registry.work.forgotten(_SWEPT_AT_ONCE, LEASE_S)
    for document_id in forgotten:
        queue.send([document_id])
    return len(forgotten)


def remove_orphans(registry: Registry, spool: Spool) -> int:
    """Remove originals that no document needs any more: of replaced versions, of refused batches;
    return how many. Young ones are left: their documents may be about to be stored.
    """
    removed = 0
    for name in spool.names(older_than_s=_ORPHANS_S):
        if registry.documents.blob_is_used(name):
            continue
        # Only now nobody can come to need it: its bytes may have been sent again meanwhile.
        with registry.documents.unused_blob(name) as is_unused:
            if is_unused:
                spool.remove(name)
                removed += 1
    return removed


def remove_old_answers(registry: Registry, days: int) -> int:
    """Delete answers that are older than so many *days* (0: none); return how many."""
    removed = 0
    while days and (some := registry.answers.remove_older(days, _ANSWERS_AT_ONCE)):
        removed += some
    return removed


if __name__ == "__main__":
    run(Settings.load())
