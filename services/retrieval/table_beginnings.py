"""What stands above the later rows of a table, up to the names of its columns."""

from collections.abc import Sequence
from dataclasses import replace

from services.domain.passages import Found
from services.domain.scope import Scope
from services.language.table_rows import cells, named_by
from services.registry.passages import Passages

# A footnote from the names of the columns to the row is no longer than a page bears.
_MOST_ABOVE = 800


def with_beginnings(found: Sequence[Found], passages: Passages, scope: Scope) -> list[Found]:
    """Return *found*, passages that begin within a table with what stands above them in it."""
    headers = {one.passage.id: named_by(one.passage.headings) for one in found}
    wanted = [number for number, header in headers.items() if header is not None]
    before = passages.before(scope, wanted, _MOST_ABOVE) if wanted else {}
    return [_topped(one, before.get(one.passage.id, ""), headers[one.passage.id]) for one in found]


def _topped(found: Found, before: str, header: str | None) -> Found:
    if header is None or not before:
        return found
    names = cells(header)
    table = before.rpartition("\n\n")[2]
    lines = table.splitlines(keepends=True)
    for i in range(len(lines) - 1, -1, -1):
        if cells(lines[i]) == names:
            return replace(found, passage=replace(found.passage, above="".join(lines[i:])))
    return found
