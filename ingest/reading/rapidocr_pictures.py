"""Reading pictures of text, Chinese and English, by rapidocr and the models inside its wheel."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence

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
# A page that is read the right way up is read more surely, in the mean of its lines.
_SURE = 0.9
_TURNS = (0, 2, 1, 3)
# Boxes narrower than this part of the widest say little of how a page lies; what is steeper was
# not scanned so by chance.
_WIDE_BOX, _STEEPEST = 0.25, 0.2


@functools.cache
def _engine() -> Any:  # noqa: ANN401 - the library is untyped
    import rapidocr  # noqa: PLC0415 - starts a session; only files that need it pay for it

    return rapidocr.RapidOCR(params=_PARAMS)


def _found(picture: NDArray[np.uint8]) -> Any:  # noqa: ANN401
    """Return what the engine sees, of a page that it is unsure of turned by quarters until it is
    sure. It does not turn lines by themselves: it takes 90 for 06 then.
    """
    seen = []
    for quarters in _TURNS:
        seen.append(_engine()(np.ascontiguousarray(np.rot90(picture, quarters)), use_cls=False))
        if _sure(seen[-1]) >= _SURE:
            break
    return max(seen, key=_sure)


def _sure(found: Any) -> float:  # noqa: ANN401
    """Return how sure the engine is, of a page whose lines stand upright half as much: it lies on
    its side.
    """
    if found.boxes is None:
        return 0.0
    sizes = np.array([points.max(axis=0) - points.min(axis=0) for points in found.boxes])
    is_aside = np.median(sizes[:, 1] - sizes[:, 0]) > 0
    return float(np.mean(found.scores)) * (0.5 if is_aside else 1.0)


class PictureReader:
    """Reads pictures and remembers how sure it was."""

    def __init__(self) -> None:
        self.pages = 0
        self._scores: list[float] = []

    @property
    def confidence(self) -> float:
        """The mean confidence of all lines, between 0 and 1."""
        return float(np.mean(self._scores)) if self._scores else 0.0

    def read(self, picture: NDArray[np.uint8]) -> str:
        """Return the lines of *picture* from top to bottom, cells of a row between tabs."""
        found = _found(picture)
        self.pages += 1
        if found.boxes is None:
            return ""
        self._scores += [float(score) for score in found.scores]
        boxes = [
            _Box.around(points, text)
            for points, text in zip(_straight(found.boxes), found.txts, strict=True)
        ]
        return "\n".join(_line(row) for row in _rows(boxes))


def read_picture(source: Source, tell: Tell) -> Contents:
    """Read a picture file."""
    reader = PictureReader()
    try:
        texts = [reader.read(page) for page in _pages(source, tell)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        message = "It is corrupt: the picture cannot be opened. Save it again."
        raise UnreadableError("corrupt", message) from error
    blocks = [Block("text", text, page=number) for number, text in enumerate(texts, 1)]
    notes: dict[str, object] = {
        "ocr_pages": len(texts),
        "ocr_confidence": round(reader.confidence, 4),
    }
    return Contents(blocks, pages=len(texts), notes=notes)


def _pages(source: Source, tell: Tell) -> Iterator[NDArray[np.uint8]]:
    """Yield the pages of a picture, each the way up that its camera notes."""
    with Image.open(source.path) as picture:
        count = getattr(picture, "n_frames", 1)
        if count > source.most_pages:
            message = f"It has {count} pages; {source.most_pages} are allowed: split it."
            raise UnreadableError("too_large", message)
        for number, page in enumerate(ImageSequence.Iterator(picture), 1):
            # The engine takes blue before green and red, as OpenCV has them.
            yield np.asarray(ImageOps.exif_transpose(page).convert("RGB"))[:, :, ::-1]
            tell(number, count)


def _straight(boxes: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return boxes as they would lie if the page had been scanned straight: turned back by the
    median slope of their upper sides, of the wide ones.
    """
    sides = np.array([points[1] - points[0] for points in boxes], dtype=np.float32)
    wide = sides[:, 0] > _WIDE_BOX * np.abs(sides[:, 0]).max(initial=0.0)
    if not wide.any():
        return list(boxes)
    slope = float(np.median(sides[wide, 1] / sides[wide, 0]))
    if abs(slope) > _STEEPEST:
        return list(boxes)
    angle = -np.arctan(slope)
    turn = np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], dtype=np.float32
    )
    return [points @ turn for points in boxes]


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
