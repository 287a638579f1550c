"""`python -m bench.scale [--eur-hour N] [--watts N] [--json FILE]`.

From `bench/figures/h200-*.json`, measured, to the GPUs, the money and the joules of 10^6, 10^8 and
10^10 passages at 10, 10^4 and 10^6 questions a minute, by a simulation of who waits for whom.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.scale.planning import Costs, Plan, plan

_FIGURES = Path(__file__).parents[1] / "figures"
_PASSAGES = (10**6, 10**8, 10**10)
_PER_MINUTE = (10, 10**4, 10**6)
_FLOAT16 = 2
_CLIENTS = 16
_BATCH = 64
# Of the 143 GB of an H200, what is left beside buffers of a search.
_MEMORY_GB = 130.0
_MODEL = "synthetic 8B (Q4_0, random weights)"


def main() -> None:
    """Plan and tell."""
    wanted = _arguments()
    costs = measured(wanted.eur_hour, wanted.watts)
    plans = [plan(passages, each, costs) for passages in _PASSAGES for each in _PER_MINUTE]
    print(f"{costs.machine}: {costs.scan_s * 1e9:.2f} ns a row for {_BATCH} questions, ", end="")
    print(f"{costs.answer_s:.2f} s for {_CLIENTS} answers; {costs.eur_hour:g} EUR/h (assumed)")
    for one in plans:
        print(_line(one))
    if wanted.json is not None:
        told = {"costs": asdict(costs), "plans": [asdict(one) for one in plans]}
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def measured(eur_hour: float, watts: float) -> Costs:
    """Return the costs that the figures of the H200 say."""
    index = json.loads((_FIGURES / "h200-index.json").read_text(encoding="utf-8"))
    engine = json.loads((_FIGURES / "h200-engine.json").read_text(encoding="utf-8"))
    loads = {one["load"]: one for one in engine[_MODEL]}
    return Costs(
        machine=index["device"],
        memory_gb=_MEMORY_GB,
        vector_bytes=index["dimension"] * _FLOAT16,
        scan_s=1 / index["footnote"]["batch_64"]["per_s"] / index["rows"],
        searched_at_once=_BATCH,
        answer_s=loads["none"]["footnote_s"],
        answered_at_once=_CLIENTS,
        eur_hour=eur_hour,
        watts=watts,
    )


def _line(one: Plan) -> str:
    return (
        f"{one.passages:>14,} passages {one.per_minute:>9,}/min: {one.shards:,} shards x "
        f"{one.replicas:,} search ({one.step_s * 1000:.1f} ms a step), {one.answering:,} answer, "
        f"{one.eur_month:,.0f} EUR a month, {one.joules_a_question:,.0f} J a question"
    )


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--eur-hour", type=float, default=3.0)
    parser.add_argument("--watts", type=float, default=700.0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
