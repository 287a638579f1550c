"""Tables of a Word file whose first row is drawn as one that names columns."""

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ingest.reading.tables import HEAD

_FEWEST_ROWS = 3
_OFF = ("0", "false", "none")
# Of the flags of a table's look, that its first row is drawn as a head.
_FIRST_ROW = 0x20


def mark_head(table: Any, styles: Any) -> None:  # noqa: ANN401 - untyped XML
    """Mark the first row of a table that is repeated on each page, alone in bold letters, or set
    apart by the table's style: it names the columns.
    """
    rows = list(table.iterchildren(qn("w:tr")))
    if len(rows) < _FEWEST_ROWS:
        return
    repeats = rows[0].find(f"{qn('w:trPr')}/{qn('w:tblHeader')}")
    is_alone_bold = _is_bold(rows[0]) and not any(map(_is_bold, rows[1:]))
    if _is_on(repeats) or is_alone_bold or _sets_first_row_apart(table, styles):
        first = next(rows[0].iter(qn("w:p")), None)
        if first is not None:
            first.append(_run(HEAD))


def _run(said: str) -> Any:  # noqa: ANN401
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = said
    run.append(text)
    return run


def _is_on(flag: Any) -> bool:  # noqa: ANN401
    return flag is not None and flag.get(qn("w:val"), "1").lower() not in _OFF


def _is_bold(row: Any) -> bool:  # noqa: ANN401
    """Say whether all text of a row is in bold letters."""
    runs = [run for run in row.iter(qn("w:r")) if "".join(run.itertext(qn("w:t"))).strip()]
    return bool(runs) and all(_is_on(run.find(f"{qn('w:rPr')}/{qn('w:b')}")) for run in runs)


def _sets_first_row_apart(table: Any, styles: Any) -> bool:  # noqa: ANN401
    """Say whether the style of a table draws its first row otherwise, and the table lets it."""
    named = table.find(f"{qn('w:tblPr')}/{qn('w:tblStyle')}")
    look = table.find(f"{qn('w:tblPr')}/{qn('w:tblLook')}")
    if named is None or look is None:
        return False
    flag = look.get(qn("w:firstRow"))
    if flag is None:
        mask = look.get(qn("w:val"), "0")
        flag = "1" if int(mask, 16) & _FIRST_ROW else "0"
    wanted = named.get(qn("w:val"))
    drawn = (
        part.get(qn("w:type")) == "firstRow"
        for style in styles.iterchildren(qn("w:style"))
        if style.get(qn("w:styleId")) == wanted
        for part in style.iterchildren(qn("w:tblStylePr"))
    )
    return flag.lower() not in _OFF and any(drawn)
