"""The figures of a run as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_WAYS = (
    ("footnote", "#1f5f8b"),
    ("words", "#9db8c9"),
    ("meaning", "#c9b39d"),
    ("langchain", "#c2603a"),
)
_HEIGHT = 0.2


def draw(figures: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw nDCG@10 of each set, Footnote beside its legs and the peer, into *path*."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only `make bench` has it

    picture = Figure(figsize=(7, 0.55 * len(figures) + 1), layout="constrained")
    axes = picture.add_subplot()
    for at, (way, colour) in enumerate(_WAYS):
        places = [row - at * _HEIGHT for row in range(len(figures))]
        axes.barh(
            places,
            [one[f"{way}_ndcg@10"] for one in figures],
            _HEIGHT,
            label=way,
            color=colour,
        )
    axes.set_yticks([row - 1.5 * _HEIGHT for row in range(len(figures))])
    axes.set_yticklabels([one["set"] for one in figures])
    axes.set_xlim(0, 1)
    axes.set_xlabel("nDCG@10 by document")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=len(_WAYS), frameon=False)
    picture.savefig(path)
