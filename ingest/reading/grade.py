"""How well a file could be read, in figures that a person can act on."""

import re

from ingest.reading import Contents

# Replacement characters, private use, and controls: what broken fonts and wrong encodings leave.
_GARBLED = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
GARBLED_PAGE = 0.1
_WELL, _FAIR = 0.98, 0.8


def garbled_share(text: str) -> float:
    """Return the share of characters that no reader can make sense of, between 0 and 1."""
    return len(_GARBLED.findall(text)) / len(text) if text else 0.0


def graded(text: str, contents: Contents, removed: int) -> dict[str, object]:
    """Return the grade: share of pages with text, garbled share, what OCR was sure of, and
    `good`, `fair` or `poor` of the worst of them.
    """
    notes = dict(contents.notes)
    covered = notes.pop("pages_with_text", None)
    coverage = (
        float(str(covered)) / contents.pages if covered is not None and contents.pages else 1.0
    )
    garbled = garbled_share(text)
    confidence = notes.get("ocr_confidence")
    worst = min(coverage, 1 - garbled, float(str(confidence)) if confidence is not None else 1.0)
    return {
        "grade": "good" if worst >= _WELL else "fair" if worst >= _FAIR else "poor",
        "text_coverage": round(coverage, 4),
        "garbled_share": round(garbled, 4),
        "invisible_removed": removed,
        **notes,
    }
