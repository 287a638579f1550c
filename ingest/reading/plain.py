"""Readers of text, CSV, JSON and lines of a batch: no library parses these."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.encodings import decode
from ingest.reading.tables import rows_as_text
from ingest.reading.text_tables import text_blocks
from services.domain.errors import UnreadableError

_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED, _SNIFFED_ROWS = 200_000, 200
_LONGEST_FIELD = 1_000_000


def read_text(source: Source, tell: Tell) -> Contents:
    """Read plain text in any encoding; a blank line ends a paragraph or table."""
    text, encoding = decode(source.path.read_bytes())
    tell(1, 1)
    parts = text.replace("\r\n", "\n").split("\n\n")
    blocks = [block for part in parts for block in text_blocks(part)]
    return Contents(blocks, notes={"encoding": encoding})


def read_csv(source: Source, tell: Tell) -> Contents:
    """Read rows between commas, semicolons, tabs or bars."""
    text, encoding = decode(source.path.read_bytes())
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    except csv.Error as error:
        message = f"Its rows cannot be told apart ({error}): save it again as CSV."
        raise UnreadableError("corrupt", message) from error
    tell(1, 1)
    return Contents([Block("table", rows_as_text(rows))], notes={"encoding": encoding})


def _delimiter(text: str) -> str:
    """Return what stands between cells: what cuts most rows into equally many. Quotes are doubled
    within quotes, as spreadsheets write them.
    """
    best, found = (0.0, 0), _DELIMITERS[0]
    for mark in _DELIMITERS:
        rows = csv.reader(io.StringIO(text[:_SNIFFED]), delimiter=mark)
        widths = Counter(len(row) for row in islice(rows, _SNIFFED_ROWS) if row)
        (width, often), *_ = widths.most_common(1) or [(1, 0)]
        if width > 1 and (often / widths.total(), width) > best:
            best, found = (often / widths.total(), width), mark
    return found


def read_json(source: Source, tell: Tell) -> Contents:
    """Read JSON as `path: value` lines, so that each value stands beside its name; records that
    follow each other as a table.
    """
    text, encoding = decode(source.path.read_bytes())
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"It is not valid JSON ({error})."
        raise UnreadableError("corrupt", message) from error
    tell(1, 1)
    return Contents(list(_blocks(value, "")), notes={"encoding": encoding})


def _blocks(value: object, path: str) -> Iterator[Block]:
    """Yield a list of plain records as a table, one of others record by record, and all else as
    lines.
    """
    if isinstance(value, list) and len(value) > 1 and all(map(_is_record, value)):
        if path:
            yield Block("text", f"{path}:")
        names = list(dict.fromkeys(name for record in value for name in record))
        rows = [[_shown(record.get(name, "")) for name in names] for record in value]
        yield Block("table", rows_as_text([names, *rows]))
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            yield Block("text", "\n".join(_lines(one, path)))
    elif isinstance(value, dict) and any(isinstance(one, list) for one in value.values()):
        for name, one in value.items():
            yield from _blocks(one, f"{path}.{name}" if path else str(name))
    else:
        yield Block("text", "\n".join(_lines(value, path)))


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and not any(
        isinstance(one, dict | list) for one in value.values()
    )


def _lines(value: object, path: str) -> list[str]:
    if isinstance(value, dict):
        return [
            line
            for name, one in value.items()
            for line in _lines(one, f"{path}.{name}" if path else str(name))
        ]
    if isinstance(value, list):
        return [line for one in value for line in _lines(one, path)]
    return [f"{path}: {_shown(value)}" if path else _shown(value)]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
