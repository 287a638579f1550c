"""`python -m bench.large [--rows N] [--folder DIR] [--json FILE]`: a service with N passages.

The registry is filled (real sentences, mixed; vectors near real ones), a service builds its indexes
and is stopped; then it is started again: seconds until it is ready, and until its first answer; and
what a question takes beside the generator, and beside the models: that less the embedding of the
question and of the sentences that were found.
`--folder` keeps the data, and goes on with data that is there.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.large.filling import fill
from bench.quality.sets import EVAL, rows
from bench.serving import serving
from services.client.httpx_client import FootnoteClient
from services.settings import set_quiet_offline

_BUILD_S, _ASKED, _WARM = 3600.0, 60, 5
# Codes of the last rows are made after a start; what a question takes is measured without that.
_SETTLED_S = 20.0
_SET = "squad2-en"
_GENERATOR = ("queue", "prefill", "generate")


def main() -> None:
    """Measure and tell."""
    set_quiet_offline()
    wanted = _arguments()
    if not EVAL.is_dir():
        sys.exit("The evaluation sets (../shared/eval) are not on this machine.")
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as name:
        data = wanted.folder or Path(name)
        found: dict[str, Any] = {"passages": wanted.rows}
        if not (data / "registry.sqlite").exists():
            found |= fill(data, wanted.rows)
        found |= _built(data) | _started(data)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _built(data: Path) -> dict[str, float]:
    began = time.perf_counter()
    with serving(data, _BUILD_S):
        ready = time.perf_counter() - began
    return {"first_start_s": ready, "with_the_stop_s": time.perf_counter() - began}


def _started(data: Path) -> dict[str, Any]:
    questions = [row["text"] for row in rows(_SET, "queries")[: _ASKED + _WARM]]
    # Nobody has asked the first one before: its prompt is not at hand.
    shutil.rmtree(data / "kv", ignore_errors=True)
    began = time.perf_counter()
    with serving(data, _BUILD_S) as environment:
        ready = time.perf_counter() - began
        client = FootnoteClient(environment["FOOTNOTE_URL"], environment["FOOTNOTE_KEY"])
        with client as service:
            _ask(service, questions[0])
            answered = time.perf_counter() - began
            time.sleep(_SETTLED_S)
            for question in questions[1:_WARM]:
                _ask(service, question)
            took = [_took(service, question) for question in questions[_WARM:]]
    return {
        "ready_s": ready,
        "first_answer_s": answered,
        **{
            part: _spread([one[part] for one in took if part in one])
            for part in dict.fromkeys(part for one in took for part in one)
        },
    }


def _took(service: FootnoteClient, question: str) -> dict[str, float]:
    since = time.perf_counter()
    told = _ask(service, question)["timings_ms"]
    asked = (time.perf_counter() - since) * 1000 - sum(told.get(one, 0.0) for one in _GENERATOR)
    since = time.perf_counter()
    service.call("POST", "/v1/search", json={"query": question, "limit": 10})
    searched = (time.perf_counter() - since) * 1000
    embedded = told.get("embed", 0.0) + told.get("embed_question", 0.0)
    return {
        "beside_the_generator_ms": asked,
        "beside_the_models_ms": asked - embedded,
        "search_ms": searched,
        **{f"{part}_ms": took for part, took in told.items()},
    }


def _ask(service: FootnoteClient, question: str) -> dict[str, Any]:
    asked = {"question": question, "max_tokens": 16}
    told: dict[str, Any] = service.call("POST", "/v1/ask", json=asked)
    return told


def _spread(values: list[float]) -> dict[str, float]:
    return {"p50": median(values), "p95": quantiles(values, n=20)[-1]}


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
