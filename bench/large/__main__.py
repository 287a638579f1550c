"""`python -m bench.large [--rows N] [--folder DIR] [--json FILE]`: a service with N passages.

The registry is filled (real sentences, mixed; vectors near real ones), a service builds its indexes
and is stopped; then it is started again: seconds until it is ready, and until its first answer; and
what a question takes beside the generator: finding, weighing and verifying, embedding included.
`--folder` keeps the data, and goes on with data that is there.
"""

import argparse
import json
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
_SET = "squad2-en"
_BESIDE = ("retrieve", "weigh", "verify")


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
    began = time.perf_counter()
    with serving(data, _BUILD_S) as environment:
        ready = time.perf_counter() - began
        client = FootnoteClient(environment["FOOTNOTE_URL"], environment["FOOTNOTE_KEY"])
        with client as service:
            _ask(service, questions[0])
            answered = time.perf_counter() - began
            for question in questions[1:_WARM]:
                _ask(service, question)
            beside, searched = [], []
            for question in questions[_WARM:]:
                told = _ask(service, question)["timings_ms"]
                beside.append(sum(told.get(part, 0.0) for part in _BESIDE))
                since = time.perf_counter()
                service.call("POST", "/v1/search", json={"query": question, "limit": 10})
                searched.append((time.perf_counter() - since) * 1000)
    return {
        "ready_s": ready,
        "first_answer_s": answered,
        "beside_the_generator_ms": _spread(beside),
        "search_ms": _spread(searched),
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
