"""`make bench`: Footnote beside a plain LangChain pipeline, on the evaluation sets.

`python -m bench [--data DIR] [--ask N] [--json FILE] [SET…]`. Both get the same documents, embedder
and generator, and the same questions in the same run. Prints nDCG@10 by document (and that of each
leg of Footnote alone), the share of replies that hold an accepted answer, the share of unanswerable
questions that were answered, and the time of a search. `--data` takes a folder in which the sets
stand as collections already; `--plot` draws the figures of a stored run.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.quality.ingest import add_sets
from bench.quality.plots import draw
from bench.quality.sets import EVAL
from bench.quality.side_by_side import measure
from services.settings import set_quiet_offline

DEFAULT = ("cmrc2018-zh", "squad2-en")


def main() -> None:
    """Measure the named sets, or a Chinese and an English one."""
    set_quiet_offline()
    wanted = _arguments()
    if wanted.plot is not None:
        draw(json.loads(wanted.plot.read_text(encoding="utf-8")), wanted.plot.with_suffix(".svg"))
        return
    if not EVAL.is_dir():
        sys.exit("The evaluation sets (../shared/eval) are not on this machine.")
    if wanted.data is not None:
        figures = measure(wanted.data, wanted.sets, wanted.ask)
    else:
        with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
            add_sets(Path(folder), wanted.sets)
            figures = measure(Path(folder), wanted.sets, wanted.ask)
    if wanted.json is not None:
        text = json.dumps(figures, indent=1, ensure_ascii=False)
        wanted.json.write_text(text + "\n", encoding="utf-8")


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(DEFAULT))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ask", type=int, default=30)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
