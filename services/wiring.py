"""Settings to a built house: what chooses adapters, with the `opening.py` of rooms whose libraries
are heavy, and imports them late.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from services.answering import AnswerSource
from services.cache import AnswerStore
from services.cache.memory_answers import MemoryAnswers
from services.data_folder import is_held, kept_key, make_private
from services.domain.errors import SettingsError
from services.domain.scope import Scope
from services.engine import Embedder, Generator
from services.engine.catalogue import ModelSource, content_key, gguf_file, verified
from services.engine.gpus import has_gpu
from services.engine.kv_tiers import KVTiers, TierSizes
from services.engine.ledger import Plan, Wish
from services.engine.threads import FreeCores, wanted_threads
from services.index.generations import Generations, Stamp
from services.jobs import Handler, JobQueue, JobWorker
from services.language import ANALYZER
from services.language.terms import read_dictionary
from services.registry.database import Database, migrate, open_sqlite, open_url
from services.registry.folder_spool import FolderSpool
from services.registry.s3_spool import S3Spool
from services.registry.spool import Spool
from services.registry.sqlalchemy_registry import Registry
from services.settings import MIB, Settings

if TYPE_CHECKING:
    from dramatiq.brokers.redis import RedisBroker

    from services.answering.answerer import Answerer
    from services.engine.probing import Findings
    from services.jobs.sqlite_broker import SQLiteBroker
    from services.retrieval.follower import IndexFollower
    from services.retrieval.legs import Legs
    from services.retrieval.reranking import Reranking
    from services.retrieval.retriever import Retriever

# Answers in Redis are let go after so many seconds.
_KEPT_S = 3600
_PROBED = "probe.json"
_MADE = "made"
# What an answer depends on, beside documents and collections.
_ANSWER_SETTINGS = {
    "generation_model", "generation_url", "adapters", "embedding_model", "reranking_model",
    "passages_per_answer", "prompt_tokens",
}  # fmt: skip
_WRITES_WELL_BYTES = 1_000_000_000  # about two billion parameters at four bits


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a house."""

    embedder: Embedder
    generator: Generator
    reranking: "Reranking | None" = None


@dataclass(frozen=True, slots=True)
class House:
    """What answers questions: the registry, the indexes, the models. `close` ends it in order."""

    settings: Settings
    registry: Registry
    spool: Spool
    queue: JobQueue
    embedder: Embedder
    generator: Generator
    follower: "IndexFollower"
    retriever: "Retriever"
    kept: AnswerStore
    answers: AnswerSource
    # The same without what was kept, for who wants to see an answer come about again.
    answerer: "Answerer"

    def close(self) -> None:
        """Publish what is not on disk, save what the engine holds, and give everything back."""
        self.follower.stop()
        self.generator.close()
        self.registry.close()


def build_house(settings: Settings, *, is_holder: bool = False) -> House:
    """Build all that a query service needs; the holder of the data folder prepares that, too."""
    cores = free_cores(settings)
    with ThreadPoolExecutor(2, "loading") as loading:
        prepared = loading.submit(prepare_data, settings) if is_holder else None
        # The others come first on a GPU, to whose rest it is fitted, and where the probe measures.
        is_known = not settings.probe or (settings.data_dir / _PROBED).exists()
        is_first = is_known and not has_gpu()
        generator = loading.submit(open_generator, settings, cores) if is_first else None
        embedder = open_embedder(settings, cores)
        # The first call of a model takes longest: not from the first question.
        embedder.embed_question("warm up")
        reranking = open_reranking(settings, cores)
        read_dictionary()
        if prepared is not None:
            prepared.result()
        registry = open_registry(settings)
        follower, legs = _open_indexes(settings, registry, embedder)
        removed: list[str] = []
        follower.on_removed = removed.append
        generator = generator or loading.submit(open_generator, settings, cores)
        follower.open()
    models = Models(embedder, generator.result(), reranking)
    house = house_over(settings, registry, models, (follower, legs))
    # What left while no service ran leaves the saved states of prompts, too.
    for collection in removed:
        follower.on_removed(collection)
    return house


def house_over(
    settings: Settings,
    registry: Registry,
    models: Models,
    indexes: "tuple[IndexFollower, Legs] | None" = None,
) -> House:
    """Build a house over models that are loaded already, and *indexes* if those are open."""
    from services.answering.answerer import Answerer, Limits
    from services.retrieval.retriever import Retriever

    embedder, generator = models.embedder, models.generator
    follower, legs = indexes or _open_indexes(settings, registry, embedder)
    kept = _kept_answers(settings)

    def removed(collection: str) -> None:
        """What is deleted must not live on in saved states of prompts, or in answers."""
        generator.forget(collection)
        kept.forget()

    follower.on_removed = removed
    retriever = Retriever(
        legs, registry.passages, registry.collections, models.reranking, follower.keep_up
    )
    answerer = Answerer(
        retriever,
        generator,
        embedder,
        Limits(
            passages=settings.passages_per_answer,
            passage_tokens=settings.prompt_tokens,
            writes_well=generator.card.bytes >= _WRITES_WELL_BYTES,
        ),
    )
    return House(
        settings=settings,
        registry=registry,
        spool=open_spool(settings),
        queue=open_queue(settings),
        embedder=embedder,
        generator=generator,
        follower=follower,
        retriever=retriever,
        kept=kept,
        answers=_remembering(settings, registry, answerer, kept),
        answerer=answerer,
    )


def _remembering(
    settings: Settings, registry: Registry, answerer: "Answerer", kept: AnswerStore
) -> AnswerSource:
    """Return *answerer* with what it has answered before, where answers are kept at all."""
    if not settings.answers_kept:
        return answerer
    from services.answering.cached import CachedAnswers

    made = settings.model_dump(include=_ANSWER_SETTINGS) | {"release": version("footnote")}

    def made_with(scope: Scope) -> dict[str, object]:
        collections = registry.collections.of_scope(scope)
        return made | {"collections": [asdict(one) for one in collections]}

    return CachedAnswers(answerer, kept, registry.changes.head, made_with)


def _kept_answers(settings: Settings) -> AnswerStore:
    if settings.redis_url is not None and settings.answers_kept:
        from services.cache.redis_answers import RedisAnswers

        return RedisAnswers(settings.redis_url, owner_key(settings), _KEPT_S)
    return MemoryAnswers(settings.answers_kept)


def open_registry(settings: Settings, *, is_holder: bool = False, changes: bool = True) -> Registry:
    """Open the registry, its schema brought up to date.

    A file is looked at for damage by the holder of the data folder, or where nobody holds it.
    SettingsError where the schema of a file is another release's and somebody else holds the
    folder, whose service would no longer understand it, or nothing is to be changed here.
    """
    looks = is_holder or not is_held(settings.data_dir)
    database = _open_database(settings, looks=looks)
    migrate(database, changes=settings.database_url is not None or (looks and changes))
    return Registry.over(database, owner_key(settings))


def open_spool(settings: Settings) -> Spool:
    """Open the spool of original bytes: a bucket where one is set, else a folder."""
    folder, url, secret = settings.data_dir / "spool", settings.spool_url, settings.spool_secret
    if url is None:
        return FolderSpool(folder)
    return S3Spool(url, settings.spool_key, secret.get_secret_value() if secret else "", folder)


def open_queue(settings: Settings) -> JobQueue:
    """Open the way to the workers: Redis where it is set, else a file."""
    from services.jobs.dramatiq_queue import DramatiqQueue

    return DramatiqQueue(_broker(settings))


def open_worker(settings: Settings, handler: Handler) -> tuple[JobQueue, JobWorker]:
    """Open a worker that hands documents to *handler*, and the queue that it takes from."""
    from services.jobs.dramatiq_queue import DramatiqQueue, DramatiqWorker

    broker = _broker(settings)
    return DramatiqQueue(broker), DramatiqWorker(broker, handler, settings.worker_threads)


def free_cores(settings: Settings) -> FreeCores:
    """Return the cores that all models of this process share."""
    return FreeCores(wanted_threads(settings.threads))


def open_embedder(settings: Settings, cores: FreeCores | None = None) -> Embedder:
    """Check the embedding model's files and load it."""
    source, path = checked_model(settings, settings.embedding_model, "embedding")
    from services.engine.opening import load_embedder

    made = settings.data_dir / _MADE
    return load_embedder(path, source.card, cores or free_cores(settings), made)


def open_reranking(settings: Settings, cores: FreeCores | None = None) -> "Reranking | None":
    """Check the reranker's files and load it; None where none is set."""
    if settings.reranking_model is None:
        return None
    source, path = checked_model(settings, settings.reranking_model, "reranking")
    from services.engine.cross_encoder_reranker import CrossEncoderReranker
    from services.retrieval.reranking import Reranking

    reranker = CrossEncoderReranker(path, source.card, cores or free_cores(settings))
    return Reranking(reranker, settings.rerank_seconds)


def open_generator(settings: Settings, cores: FreeCores | None = None) -> Generator:
    """Check the generator's file, fit it to the memory that is free, and load it; or reach the
    server that runs it.
    """
    if settings.generation_url is not None:
        return _remote_generator(settings, settings.generation_url)
    source, path = checked_model(settings, settings.generation_model, "generation")
    from services.engine.llama_cpp_context import ContextOptions
    from services.engine.llama_cpp_generator import EngineOptions, LlamaCppGenerator
    from services.engine.scheduler import SchedulerOptions

    file = gguf_file(source, path)
    cores = cores or free_cores(settings)
    planned, found = fitted_generator(settings, source, file, cores)
    options = EngineOptions(
        context=ContextOptions(
            cells=planned.cells,
            sequences=planned.sequences,
            threads=cores.most,
            gpu_layers=planned.gpu_layers,
            kv_type=found.kv_type,
            flash_attention=found.flash_attention,
            unified=planned.unified,
            weights=found.weights,
            adapters=adapter_files(settings),
            made=settings.data_dir / _MADE,
        ),
        scheduler=SchedulerOptions(
            settings.answers_at_once, cores, settings.draft_tokens, found.threads
        ),
        window=planned.window,
        tiers=TierSizes(settings.kv_host_mb * MIB, settings.kv_disk_mb * MIB),
        tier_folder=settings.data_dir / "kv",
        model_key=content_key(source, file),
    )
    return LlamaCppGenerator(file, source.card, options)


def _remote_generator(settings: Settings, url: str) -> Generator:
    from services.engine.httpx_generator import HttpxGenerator, RemoteModel

    # What a model of this machine has read of documents goes with it.
    KVTiers(settings.data_dir / "kv", TierSizes(), "").close()
    key = settings.generation_key.get_secret_value() if settings.generation_key else ""
    urls, window = [one for one in url.split(",") if one.strip()], settings.context_tokens
    if not urls:
        message = "Setting FOOTNOTE_GENERATION_URL: it names no server."
        raise SettingsError(message)
    return HttpxGenerator(RemoteModel(urls, key, settings.generation_model, window))


def fitted_generator(
    settings: Settings, source: ModelSource, file: Path, cores: FreeCores, *, measures: bool = True
) -> "tuple[Plan, Findings]":
    """Return how the generator is run in the memory that is free, and what the probe found: what
    is not known yet is measured, which takes seconds, unless *measures* is false.
    """
    from services.engine.llama_cpp_fitting import Probe, fitted

    wish = Wish(
        answers=settings.answers_at_once,
        window=settings.context_tokens,
        kv_type=settings.kv_type,
        kv_tokens=settings.kv_tokens,
        pool=settings.kv_pool,
        gpu_layers=None if settings.gpu_layers == "auto" else settings.gpu_layers,
    )
    probe = Probe(
        settings.data_dir / _PROBED,
        content_key(source, file),
        settings.flash_attention,
        measures=measures and settings.probe,
        made=settings.data_dir / _MADE,
    )
    return fitted(file, wish, probe, cores)


def adapter_files(settings: Settings) -> tuple[Path, ...]:
    """Return the LoRA files of the settings; SettingsError for one that is not there."""
    files = tuple(Path(name.strip()) for name in settings.adapters.split(",") if name.strip())
    absent = [str(file) for file in files if not file.is_file()]
    if absent:
        message = f"Setting FOOTNOTE_ADAPTERS: there is no file {absent[0]}."
        raise SettingsError(message)
    return files


def checked_model(settings: Settings, name: str, kind: str) -> tuple[ModelSource, Path]:
    """Find a model and check its files before anything opens them."""
    return verified(name, kind, settings.data_dir / "models")


def owner_key(settings: Settings) -> str:
    """Return the owner's key: as set, else as it is kept in the data folder."""
    if settings.owner_key is not None:
        return settings.owner_key.get_secret_value()
    return kept_key(settings.data_dir)


def prepare_data(settings: Settings) -> None:
    """Bring the data folder to where processes can start on it; only its holder may call this.

    Leases of workers that a crash left behind end here: whoever holds the folder knows that none
    of them is alive. Passages that an older release analysed are analysed by this one's rules.
    """
    registry = open_registry(settings, is_holder=True)
    try:
        registry.passages.analyse_again()
        if settings.redis_url is None:
            registry.work.free_all()
            open_queue(settings).recover()
    finally:
        registry.close()


def _open_database(settings: Settings, *, looks: bool) -> Database:
    if settings.database_url is not None:
        return open_url(settings.database_url)
    return open_sqlite(settings.data_dir / "registry.sqlite", looks=looks)


def _broker(settings: Settings) -> "SQLiteBroker | RedisBroker":
    from services.jobs.dramatiq_queue import redis_broker, sqlite_broker

    if settings.redis_url is not None:
        return redis_broker(settings.redis_url)
    make_private(settings.data_dir)
    return sqlite_broker(settings.data_dir / "queue.sqlite")


def _open_indexes(
    settings: Settings, registry: Registry, embedder: Embedder
) -> "tuple[IndexFollower, Legs]":
    from services.index.opening import Place, open_vector_index
    from services.index.tantivy_words import TantivyWordIndex
    from services.retrieval.follower import IndexFollower
    from services.retrieval.legs import Legs

    folder, live = settings.index_folder, settings.index_folder / "live"
    stamp = Stamp(0, embedder.card.name, embedder.card.dimension, ANALYZER)
    place = Place(settings.index_device, live, settings.milvus_url, settings.vector_store)
    vectors = open_vector_index(place, stamp)
    words = TantivyWordIndex(live / "words")
    follower = IndexFollower(registry, vectors, words, Generations(folder / "generations"), stamp)
    return follower, Legs(embedder, vectors, words)
