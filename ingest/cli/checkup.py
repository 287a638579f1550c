"""`footnote doctor`: what this machine has, what is used of it, and what is wrong."""

import os
import shutil
from collections.abc import Callable
from typing import Any

import faiss
import llama_cpp
import torch

from ingest.cli.console import key_at_hand, unreachable
from ingest.cli.verification import has_registry
from ingest.cli.words import reason_of, translated
from services.client.httpx_client import FootnoteClient
from services.domain.errors import HouseError
from services.engine.catalogue import gguf_file
from services.engine.devices import free_memory
from services.engine.llama_cpp_context import has_amx
from services.engine.llama_cpp_weights import AS_FILED
from services.engine.probing import ROWS, Findings
from services.settings import Settings
from services.wiring import (
    checked_model,
    fitted_generator,
    free_cores,
    open_registry,
)

_MIB = 1024 * 1024
# What is no key of any service: it tells at least whether one is there.
_NO_KEY = "none"
# Rights of others.
_OTHERS = 0o007
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
            ok, told = False, reason_of(error)
        except OSError as error:
            ok, told = False, unreachable(error)
        found.append({"what": what, "ok": ok, "told": told})
    return found


def _processor(_settings: Settings) -> tuple[bool, str]:
    load = os.getloadavg()[0]
    told = translated("{cores} cores, load {load:.1f}", cores=os.cpu_count(), load=load)
    if has_amx():
        told += translated(
            "; llama.cpp is built with AMX, which breaks: it does without, slower than one built "
            "without (`make setup`)"
        )
    return True, told


def _gpu(settings: Settings) -> tuple[bool, str]:
    offload = bool(llama_cpp.llama_supports_gpu_offload())
    cuda, indexes = torch.cuda.is_available(), faiss.get_num_gpus()
    if settings.gpu_layers not in {"auto", 0} and not offload:
        return False, translated(
            "FOOTNOTE_GPU_LAYERS={layers} cannot be honoured: build llama-cpp-python with "
            "CMAKE_ARGS=-DGGML_CUDA=on, or set it to auto",
            layers=settings.gpu_layers,
        )
    if settings.index_device == "gpu" and not indexes:
        return False, translated("FOOTNOTE_INDEX_DEVICE=gpu, but FAISS sees no GPU: set it to auto")
    return True, translated(
        "generator: {generator}; embedder: {embedder}; FAISS sees {gpus} GPUs",
        generator=translated("can offload layers" if offload else "built for the CPU"),
        embedder="CUDA" if cuda else "CPU",
        gpus=indexes,
    )


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
        parts.append(f"{translated(kind)} {source.card.memory_bytes // _MIB}")
    told = translated(
        "{free} MiB free; models need {needed} MiB ({parts})",
        free=free // _MIB,
        needed=needed // _MIB,
        parts=", ".join(parts),
    )
    if free < needed:
        return False, _mended(told, "choose smaller models or stop other programs")
    return True, told


def _ledger(settings: Settings) -> tuple[bool, str]:
    """Tell how the generator would be run in the memory that is free now."""
    if settings.generation_url is not None:
        return True, translated("the generator runs at {url}", url=settings.generation_url)
    source, path = checked_model(settings, settings.generation_model, "generation")
    file = gguf_file(source, path)
    plan, found = fitted_generator(settings, source, file, free_cores(settings), measures=False)
    told = translated(
        "weights {weights} MiB, KV {kv} MiB ({cells} tokens in {pools} pools), buffers up to "
        "{buffers} MiB; {layers} layers on the GPU; {answers} answers at once, window {window}; "
        "{probe}",
        weights=plan.weights // _MIB,
        kv=plan.kv // _MIB,
        cells=plan.cells,
        pools=1 if plan.unified else plan.sequences,
        buffers=plan.compute // _MIB,
        layers=plan.gpu_layers,
        answers=settings.answers_at_once,
        window=plan.window,
        probe=_told_probe(found),
    )
    memory = free_memory()
    if plan.total > memory.host + memory.gpu:
        return False, _mended(
            told,
            "more than is free; set FOOTNOTE_KV_TOKENS or FOOTNOTE_CONTEXT_TOKENS lower, or choose "
            "a smaller model",
        )
    return True, told


def _told_probe(found: Findings) -> str:
    """Tell what the probe chose and measured."""
    chosen = translated(
        "weights as {weights}, KV {kv}, flash attention {flash}, up to {threads} threads",
        weights=translated("filed") if found.weights == AS_FILED else found.weights,
        kv=found.kv_type,
        flash=translated("on" if found.flash_attention else "off"),
        threads=found.threads,
    )
    if not found.read_tokens_s:
        return translated(
            "{chosen} by rule: the next start on a calm machine measures", chosen=chosen
        )
    return translated(
        "{chosen}, measured: reads {reads:.0f} tokens/s, writes {writes:.0f} tokens/s in {rows} "
        "answers",
        chosen=chosen,
        reads=found.read_tokens_s,
        writes=ROWS * 1000 / found.step_ms,
        rows=ROWS,
    )


def _engine(settings: Settings) -> tuple[bool, str]:
    """Tell what the running engine measures of itself."""
    with FootnoteClient(settings.url, key_at_hand(settings) or _NO_KEY) as client:
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
    return True, translated(
        "reads {reads:.0f} tokens a second, {gap:.0f} ms between tokens of an answer; {reused:.0f} "
        "of {prompt:.0f} prompt tokens reused; {held:.0f} of {cells:.0f} KV cells held",
        reads=reads,
        gap=gap * 1000,
        reused=reused,
        prompt=reused + read,
        held=held,
        cells=cells,
    )


def _disk(settings: Settings) -> tuple[bool, str]:
    folder = settings.data_dir.absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    if folder.exists() and folder.stat().st_mode & _OTHERS:
        told = translated("everybody on this machine can look into {folder}", folder=folder)
        return False, translated("{told}: chmod o= {folder}", told=told, folder=folder)
    told = translated("{free} MiB free under {folder}", free=free // _MIB, folder=settings.data_dir)
    return (True, told) if free > _LITTLE_DISK else (False, _mended(told, "make room"))


def _registry(settings: Settings) -> tuple[bool, str]:
    if not has_registry(settings):
        return True, translated("none yet: `footnote serve` makes it")
    registry = open_registry(settings, changes=False)
    try:
        passages, unfinished = registry.passages.count(), registry.work.unfinished()
        source, _ = checked_model(settings, settings.embedding_model, "embedding")
        missing = registry.vectors.missing(source.card.name)
        told = translated(
            "{passages} passages, {unfinished} documents unfinished",
            passages=passages,
            unfinished=unfinished,
        )
        if missing:
            return False, translated(
                "{told}; {missing} without a vector of {model}: run `footnote reembed`, or set the "
                "embedding model back",
                told=told,
                missing=missing,
                model=source.card.name,
            )
        return True, told
    finally:
        registry.close()


def _model(settings: Settings, name: str, kind: str) -> tuple[bool, str]:
    source, _ = checked_model(settings, name, kind)
    languages = ", ".join(
        translated("any language") if one == "*" else one for one in sorted(source.card.languages)
    )
    return True, translated(
        "{name}, reads {languages}; files match their SHA-256",
        name=source.card.name,
        languages=languages,
    )


def _generator(settings: Settings) -> tuple[bool, str]:
    if settings.generation_url is not None:
        return True, translated(
            "{name} at {url}", name=settings.generation_model, url=settings.generation_url
        )
    return _model(settings, settings.generation_model, "generation")


def _reranker(settings: Settings) -> tuple[bool, str]:
    if settings.reranking_model is None:
        return True, translated(
            "none set: late interaction over the embedder's token vectors orders passages"
        )
    return _model(settings, settings.reranking_model, "reranking")


def _redis(settings: Settings) -> tuple[bool, str]:
    if settings.redis_url is None:
        return True, translated("not used: jobs go through a file in the data folder")
    import redis  # noqa: PLC0415 - only where it is set

    try:
        redis.Redis.from_url(settings.redis_url, socket_timeout=2).ping()
    except redis.RedisError as error:
        return False, translated(
            "no answer ({error}): start it, or unset FOOTNOTE_REDIS_URL", error=error
        )
    return True, translated("it answers")


def _service(settings: Settings) -> tuple[bool, str]:
    with FootnoteClient(settings.url, key_at_hand(settings) or _NO_KEY) as client:
        status = client.call("GET", "/health/ready")["status"]
    return True, translated("{url} is {status}", url=settings.url, status=translated(status))


def _mended(told: str, mend: str) -> str:
    """Return what was found with what to do about it."""
    return translated("{told}: {mend}", told=told, mend=translated(mend))
