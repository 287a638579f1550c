"""Reading pictures of text, Chinese and English, by rapidocr and the models inside its wheel."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.reading import Block, Contents, Source, Tell
from services.domain.errors import UnreadableError

_PARAMS = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
# Boxes are on one line if they share more than this part of the lower one's height.
_SAME_LINE = 0.5
# A gap wider than this many line heights parts the cells of a table.
_CELL_GAP = 1.5


@functools.cache
def _engine() -> Any:  # noqa: ANN401 - the library is untyped
    import rapidocr  # noqa: PLC0415 - starts a session; only files that need it pay for it

    return rapidocr.RapidOCR(params=_PARAMS)


class PictureReader:
    """Reads pictures and remembers how sure it was."""

    def __init__(self) -> None:
        self.pages = 0
        self._scores: list[float] = []

    @property
    def confidence(self) -> float:
        """The mean confidence of all lines, between 0 and 1."""
        return float(np.mean(self._scores)) if self._scores else 0.0

    def read(self, picture: NDArray[np.uint8] | bytes) -> str:
        """Return the lines of *picture* from top to bottom, cells of a row between tabs."""
        found = _engine()(picture)
        self.pages += 1
        if found.boxes is None:
            return ""
        self._scores += [float(score) for score in found.scores]
        boxes = [
            _Box.around(points, text) for points, text in zip(found.boxes, found.txts, strict=True)
        ]
        return "\n".join(_line(row) for row in _rows(boxes))


def read_picture(source: Source, tell: Tell) -> Contents:
    """Read a picture file."""
    reader = PictureReader()
    try:
        text = reader.read(source.path.read_bytes())
    except (OSError, ValueError) as error:
        message = "It is corrupt: the picture cannot be opened. Save it again."
        raise UnreadableError("corrupt", message) from error
    tell(1, 1)
    notes: dict[str, object] = {"ocr_pages": 1, "ocr_confidence": round(reader.confidence, 4)}
    return Contents([Block("text", text, page=1)], pages=1, notes=notes)


class _Box:
    """A line of text in a picture, with its place in pixels."""

    def __init__(self, place: tuple[float, float, float, float], text: str) -> None:
        self.left, self.top, self.right, self.bottom = place
        self.text = text

    @classmethod
    def around(cls, points: NDArray[np.float32], text: str) -> "_Box":
        xs, ys = points[:, 0], points[:, 1]
        return cls((float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())), text)

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def beside(self, other: "_Box") -> bool:
        shared = min(self.bottom, other.bottom) - max(self.top, other.top)
        return shared > _SAME_LINE * min(self.height, other.height)


def _rows(boxes: Sequence[_Box]) -> list[list[_Box]]:
    rows: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: box.top + box.bottom):
        if rows and box.beside(rows[-1][-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda box: box.left) for row in rows]


def _line(row: Sequence[_Box]) -> str:
    text = row[0].text
    for before, box in itertools.pairwise(row):
        wide = box.left - before.right > _CELL_GAP * before.height
        latin = before.text[-1:].isascii() or box.text[:1].isascii()
        text += ("\t" if wide else " " if latin else "") + box.text
    return text
