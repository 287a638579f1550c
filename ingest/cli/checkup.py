"""`footnote doctor`: what this machine has, what is used of it, and what is wrong."""

import os
import shutil
from collections.abc import Callable
from typing import Any

import faiss
import llama_cpp
import torch

from services.client.httpx_client import FootnoteClient
from services.domain.errors import HouseError
from services.engine.devices import free_memory
from services.engine.llama_cpp_weights import AS_FILED
from services.engine.probing import ROWS, Findings
from services.settings import Settings
from services.wiring import (
    checked_model,
    fitted_generator,
    free_cores,
    open_registry,
    owner_key,
)

_MIB = 1024 * 1024
_LITTLE_DISK = 1024 * _MIB

Told = dict[str, Any]


def checkup(settings: Settings) -> list[Told]:
    """Return one line for each thing that was looked at: what, ok or not, and what was found."""
    looks: list[tuple[str, Callable[[Settings], tuple[bool, str]]]] = [
        ("processor", _processor),
        ("gpu", _gpu),
        ("memory", _memory),
        ("ledger", _ledger),
        ("disk", _disk),
        ("registry", _registry),
        ("embedder", lambda s: _model(s, s.embedding_model, "embedding")),
        ("generator", _generator),
        ("reranker", _reranker),
        ("redis", _redis),
        ("service", _service),
        ("engine", _engine),
    ]
    found = []
    for what, look in looks:
        try:
            ok, told = look(settings)
        except HouseError as error:
            ok, told = False, str(error)
        found.append({"what": what, "ok": ok, "told": told})
    return found


def _processor(_settings: Settings) -> tuple[bool, str]:
    load = os.getloadavg()[0]
    return True, f"{os.cpu_count()} cores, load {load:.1f}"


def _gpu(settings: Settings) -> tuple[bool, str]:
    offload = bool(llama_cpp.llama_supports_gpu_offload())
    cuda, indexes = torch.cuda.is_available(), faiss.get_num_gpus()
    told = (
        f"generator: {'can offload layers' if offload else 'built for the CPU'}; "
        f"embedder: {'CUDA' if cuda else 'CPU'}; FAISS sees {indexes} GPUs"
    )
    if settings.gpu_layers not in {"auto", 0} and not offload:
        mend = "build llama-cpp-python with CMAKE_ARGS=-DGGML_CUDA=on, or set it to auto"
        return False, f"FOOTNOTE_GPU_LAYERS={settings.gpu_layers} cannot be honoured: {mend}"
    if settings.index_device == "gpu" and not indexes:
        return False, "FOOTNOTE_INDEX_DEVICE=gpu, but FAISS sees no GPU: set it to auto"
    return True, told


def _memory(settings: Settings) -> tuple[bool, str]:
    """Set what the models need against what the machine has free."""
    page = os.sysconf("SC_PAGE_SIZE")
    free = os.sysconf("SC_AVPHYS_PAGES") * page
    needed = 0
    parts = []
    for name, kind in (
        (settings.embedding_model, "embedding"),
        (settings.generation_model, "generation"),
        (settings.reranking_model, "reranking"),
    ):
        if name is None or (kind == "generation" and settings.generation_url is not None):
            continue
        source, _ = checked_model(settings, name, kind)
        needed += source.card.memory_bytes
        parts.append(f"{kind} {source.card.memory_bytes // _MIB}")
    told = f"{free // _MIB} MiB free; models need {needed // _MIB} MiB ({', '.join(parts)})"
    if free < needed:
        return False, f"{told}: choose smaller models or stop other programs"
    return True, told


def _ledger(settings: Settings) -> tuple[bool, str]:
    """Tell how the generator would be run in the memory that is free now."""
    if settings.generation_url is not None:
        return True, f"the generator runs at {settings.generation_url}"
    source, path = checked_model(settings, settings.generation_model, "generation")
    file = path / next(iter(source.files)) if path.is_dir() else path
    plan, found = fitted_generator(settings, source, file, free_cores(settings), measures=False)
    pool = "one pool" if plan.unified else f"{plan.sequences} pools"
    layers = f"{plan.gpu_layers} layers on the GPU" if plan.gpu_layers else "no layer on a GPU"
    told = (
        f"weights {plan.weights // _MIB} MiB, "
        f"KV {plan.kv // _MIB} MiB ({plan.cells} tokens in {pool}), "
        f"buffers up to {plan.compute // _MIB} MiB; {layers}; "
        f"{settings.answers_at_once} answers at once, window {plan.window}; {_told_probe(found)}"
    )
    memory = free_memory()
    if plan.total > memory.host + memory.gpu:
        mend = "set FOOTNOTE_KV_TOKENS or FOOTNOTE_CONTEXT_TOKENS lower, or choose a smaller model"
        return False, f"{told}: more than is free; {mend}"
    return True, told


def _told_probe(found: Findings) -> str:
    """Tell what the probe chose and measured."""
    flash = "on" if found.flash_attention else "off"
    held = "" if found.weights == AS_FILED else f"weights held as {found.weights}, "
    chosen = f"{held}KV {found.kv_type}, flash attention {flash}, up to {found.threads} threads"
    if not found.read_tokens_s:
        return f"{chosen} by rule: the next start on a calm machine measures"
    return (
        f"{chosen}, measured: reads {found.read_tokens_s:.0f} tokens/s, "
        f"writes {ROWS * 1000 / found.step_ms:.0f} tokens/s in {ROWS} answers"
    )


def _engine(settings: Settings) -> tuple[bool, str]:
    """Tell what the running engine measures of itself."""
    with FootnoteClient(settings.url, owner_key(settings)) as client:
        found = client.metrics()
    figures = {
        name: found.get(f"footnote_engine_{name}", 0.0)
        for name in (
            "prefill_tokens_per_second",
            "between_tokens_seconds",
            "cached_tokens_total",
            "prompt_tokens_total",
            "kv_cells_used",
            "kv_cells",
        )
    }
    reads, gap, reused, read, held, cells = figures.values()
    told = (
        f"reads {reads:.0f} tokens a second, {gap * 1000:.0f} ms between tokens of an answer; "
        f"{reused:.0f} of {reused + read:.0f} prompt tokens reused; "
        f"{held:.0f} of {cells:.0f} KV cells held"
    )
    return True, told


def _disk(settings: Settings) -> tuple[bool, str]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    told = f"{free // _MIB} MiB free under {settings.data_dir}"
    return (True, told) if free > _LITTLE_DISK else (False, f"{told}: make room")


def _registry(settings: Settings) -> tuple[bool, str]:
    registry = open_registry(settings)
    try:
        passages, unfinished = registry.passages.count(), registry.work.unfinished()
        source, _ = checked_model(settings, settings.embedding_model, "embedding")
        missing = registry.vectors.missing(source.card.name)
        told = f"{passages} passages, {unfinished} documents unfinished"
        if missing:
            mend = "run `footnote reembed`, or set the embedding model back"
            return False, f"{told}; {missing} without a vector of {source.card.name}: {mend}"
        return True, told
    finally:
        registry.close()


def _model(settings: Settings, name: str, kind: str) -> tuple[bool, str]:
    source, _ = checked_model(settings, name, kind)
    languages = ", ".join(sorted(source.card.languages)).replace("*", "any")
    return True, f"{source.card.name}, reads {languages}; files match their SHA-256"


def _generator(settings: Settings) -> tuple[bool, str]:
    if settings.generation_url is not None:
        return True, f"{settings.generation_model} at {settings.generation_url}"
    return _model(settings, settings.generation_model, "generation")


def _reranker(settings: Settings) -> tuple[bool, str]:
    if settings.reranking_model is None:
        return True, "none set: late interaction over the embedder's token vectors orders passages"
    return _model(settings, settings.reranking_model, "reranking")


def _redis(settings: Settings) -> tuple[bool, str]:
    if settings.redis_url is None:
        return True, "not used: jobs go through a file in the data folder"
    import redis  # noqa: PLC0415 - only where it is set

    try:
        redis.Redis.from_url(settings.redis_url, socket_timeout=2).ping()
    except redis.RedisError as error:
        return False, f"no answer ({error}): start it, or unset FOOTNOTE_REDIS_URL"
    return True, "answers"


def _service(settings: Settings) -> tuple[bool, str]:
    with FootnoteClient(settings.url, owner_key(settings)) as client:
        status = client.call("GET", "/health/ready")["status"]
    return True, f"{settings.url} is {status}"
