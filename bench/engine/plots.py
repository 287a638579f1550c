"""The figures of a run as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_WAYS = (("footnote", "#1f5f8b"), ("server", "#c2603a"), ("serial", "#c9b39d"))
_NAMES = {"footnote": "Footnote", "server": "llama_cpp.server", "serial": "serial Llama"}
_HEIGHT = 0.27


def draw(figures: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the seconds that each load took, Footnote beside its peers, into *path*."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only the bench has it

    loads = [one for one in figures if "footnote_s" in one]
    picture = Figure(figsize=(7, 0.6 * len(loads) + 1.2), layout="constrained")
    axes = picture.add_subplot()
    for at, (way, colour) in enumerate(_WAYS):
        places = [row - at * _HEIGHT for row in range(len(loads))]
        bars = axes.barh(
            places, [one[f"{way}_s"] for one in loads], _HEIGHT, label=_NAMES[way], color=colour
        )
        axes.bar_label(bars, fmt="%.0f s", padding=2, fontsize=8)
    axes.margins(x=0.1)
    axes.set_yticks([row - _HEIGHT for row in range(len(loads))])
    axes.set_yticklabels([one["load"] for one in loads])
    axes.set_xlabel("seconds for all answers; less is better")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=len(_WAYS), frameon=False)
    picture.savefig(path)
