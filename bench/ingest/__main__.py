"""`python -m bench.ingest [FOLDER] [--rows N] [--json FILE]`: documents a second, beside a peer.

The same files through `footnote add` (a service with its worker, until all are ready) and through
a plain LangChain pipeline, each in processes of its own, one after the other. Without a folder: N
texts of an evaluation set. Models are loaded before the clock runs; Footnote stores what it reads
so that nothing is lost, and keeps an index of words too, which the peer does not.

At its defaults the peer's passages have 4,000 characters, of which an embedder with a window of 256
tokens reads the first quarter. So it runs a second time, with passages that are read whole.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.quality.sets import EVAL, rows
from bench.serving import FOOTNOTE, serving

_SET = "squad2-en"
# Characters of a passage of which all-MiniLM-L6-v2 reads every word, nearly always.
_READ_WHOLE = "900"


def main() -> None:
    """Measure and tell."""
    wanted = _arguments()
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as name:
        folder = wanted.folder or _texts(Path(name) / "files", wanted.rows)
        found = {
            "footnote": _footnote(folder, Path(name) / "data"),
            "langchain": _peer(folder),
            "langchain_whole": _peer(folder, _READ_WHOLE),
        }
    for one in found.values():
        one["documents_per_second"] = one["documents"] / one["seconds"]
        one["ratio"] = found["footnote"]["documents_per_second"] / one["documents_per_second"]
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _texts(folder: Path, count: int) -> Path:
    """Write the first texts of a set as files."""
    if not EVAL.is_dir():
        sys.exit("The evaluation sets (../shared/eval) are not on this machine: name a folder.")
    folder.mkdir()
    for number, row in enumerate(rows(_SET, "corpus")[:count]):
        (folder / f"{number}.txt").write_text(row["text"], encoding="utf-8")
    return folder


def _footnote(folder: Path, data: Path) -> dict[str, Any]:
    with serving(data) as environment:
        began = time.perf_counter()
        added = subprocess.run(  # noqa: S603 - our own command
            [FOOTNOTE, "add", str(folder), "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        listed = json.loads(added.stdout)
    ready = [one for one in listed if one.get("status") == "ready"]
    return {
        "seconds": seconds,
        "documents": len(ready),
        "failed": len(listed) - len(ready),
        "passages": sum(one.get("passages", 0) for one in ready),
    }


def _peer(folder: Path, *characters: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.ingest.peer", str(folder), *characters]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
