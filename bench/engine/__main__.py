"""`python -m bench.engine [LOAD…] [--model GGUF] [--clients N] [--repeats N] [--json FILE] …`.

The same load through Footnote's engine, `llama_cpp.server` and a serial `Llama`, on one GGUF,
interleaved. Prints the median seconds of each, tokens a second, and how many times faster Footnote
is; then the time to the first token of a document that is asked about again, and the time between
the tokens of running streams while a prompt of 4,000 tokens comes in; what streaming costs 64
streams; how many of 100 greedy texts a batch changes; what drafts and picking in the graph gain;
and, with `--soak SECONDS`, what mixed load with people who leave does in the end.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.engine.choices import drafts, picking
from bench.engine.latency import latencies
from bench.engine.loads import loads
from bench.engine.peers import FootnoteEngine, Peer, SerialLlama, llama_server
from bench.engine.plots import draw
from bench.engine.steadiness import equality, soak, streaming
from services.engine.llama_cpp_context import supports_gpu
from services.engine.threads import wanted_threads
from services.settings import Settings, set_quiet_offline
from services.wiring import checked_model

# No load of a run has this seed.
_WARMING = 1_000_000
_LOADS = ("overlap", "none", "burst", "conversations")

_MEASURES = {"streaming": streaming, "equality": equality, "drafts": drafts, "picking": picking}


def main() -> None:
    """Measure and tell."""
    set_quiet_offline()
    wanted = _arguments()
    file = wanted.model or _bundled()
    layers = -1 if supports_gpu() else 0
    threads = wanted_threads(wanted.threads)
    found = []
    if any(_is_wanted(wanted, name) for name in _LOADS):
        found += _throughput(file, wanted, threads, layers)
    if _is_wanted(wanted, "latency"):
        found += latencies(file, threads, layers)
    for name, measure in _MEASURES.items():
        if _is_wanted(wanted, name):
            found.append(_told(measure(file, threads, layers)))
    if wanted.soak:
        found.append(_told(soak(file, threads, layers, wanted.soak)))
    if wanted.plot is not None:
        draw(found, wanted.plot)
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _is_wanted(wanted: Any, name: str) -> bool:  # noqa: ANN401 - argparse's own namespace
    return name in wanted.loads if wanted.loads else not wanted.soak


def _told(figures: dict[str, Any]) -> dict[str, Any]:
    print(figures, flush=True)
    return figures


def _throughput(file: Path, wanted: Any, threads: int, layers: int) -> list[dict[str, Any]]:  # noqa: ANN401
    engine = FootnoteEngine(file, wanted.clients, threads, layers)
    serial = SerialLlama(file, threads, layers)
    with llama_server(file, threads, layers) as server:
        peers: dict[str, Peer] = {"footnote": engine, "server": server, "serial": serial}
        found = []
        # A GPU loads its kernels, and makes its graphs, with the first load.
        for peer in peers.values():
            peer.run(loads(2, 8, _WARMING)[0])
        for at, name in enumerate(load.name for load in loads(wanted.clients, wanted.tokens, 0)):
            if wanted.loads and name not in wanted.loads:
                continue
            runs: dict[str, list[Any]] = {who: [] for who in peers}
            for repeat in range(wanted.repeats):
                load = loads(wanted.clients, wanted.tokens, repeat)[at]
                for who, peer in peers.items():
                    runs[who].append(peer.run(load))
            found.append(_compared(name, runs))
            print(found[-1], flush=True)
    overhead = statistics.median(engine.stats.overheads_s) * 1000
    found.append({"load": "overhead", "ms_a_step": round(overhead, 3)})
    print(found[-1], flush=True)
    engine.close()
    serial.close()
    return found


def _compared(name: str, runs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    seconds = {who: statistics.median(one.seconds for one in done) for who, done in runs.items()}
    told: dict[str, Any] = {"load": name, "read": runs["footnote"][-1].read}
    for who, done in runs.items():
        told[f"{who}_s"] = round(seconds[who], 2)
        told[f"{who}_tokens_s"] = round(done[-1].written / seconds[who], 1)
    for who in ("server", "serial"):
        told[f"times_{who}"] = round(seconds[who] / seconds["footnote"], 2)
    return told


def _bundled() -> Path:
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    return folder / next(iter(source.files))


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument(
        "loads", nargs="*", help=f"{', '.join((*_LOADS, 'latency', *_MEASURES))}; default all"
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--soak", type=float, default=0.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
