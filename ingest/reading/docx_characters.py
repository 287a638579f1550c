"""Characters of a Word file that the partitioner would drop or take for others: symbols of fonts,
readings beside characters, what is struck out or hidden, formulas.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ingest.reading.superscripts import raised

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_OFF = frozenset({"0", "false", "off"})
# What stands at these places of the fonts Symbol and Wingdings.
_SYMBOLS = {
    "symbol": dict(
        zip(
            bytes.fromhex("b3a3b1b4b8b0576d616267644470716c7353b9bba5aedeb76a667772"),
            "≥≤±×÷°Ωµαβγδ∆πθλσΣ≠≈∞→⇒•ϕφωρ",
            strict=True,
        )
    ),
    "wingdings": dict(zip(bytes.fromhex("fea86ffcfbfd78e0d8a76e6c"), "☑☐☐✓✗☒☒→➢•■●", strict=True)),
}
_PRIVATE = range(0xF000, 0xF100)
_PRINTED = 0x20


def write_out_characters(document: Any, body: Any) -> None:  # noqa: ANN401 - untyped XML
    """Take out what is struck out or hidden, and write symbols, readings and formulas as text,
    raised digits apart.
    """
    for mark in list(body.iter(qn("w:strike"), qn("w:dstrike"), qn("w:vanish"))):
        run = mark.getparent().getparent()
        if mark.get(qn("w:val"), "1") not in _OFF and run is not None and run.tag == qn("w:r"):
            run.getparent().remove(run)
    for ruby in list(body.iter(qn("w:ruby"))):
        base = ruby.find(qn("w:rubyBase"))
        text = "" if base is None else "".join(base.itertext(qn("w:t")))
        ruby.getparent().replace(ruby, _text(text))
    for symbol in list(body.iter(qn("w:sym"))):
        symbol.getparent().replace(symbol, _text(_symbol(symbol)))
    for formula in list(body.iter(f"{_MATH}oMath")):
        run = OxmlElement("w:r")
        run.append(_text(_linear(formula)))
        run.tail = formula.tail
        formula.getparent().replace(formula, run)
    _set_apart_raised(body, _raised_styles(document))


def _text(said: str) -> Any:  # noqa: ANN401
    content = OxmlElement("w:t")
    content.text = said
    content.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return content


def _symbol(node: Any) -> str:  # noqa: ANN401
    try:
        code = int(node.get(qn("w:char"), ""), 16)
    except ValueError:
        return ""
    font = node.get(qn("w:font"), "").lower().rstrip(" 23")
    place = code - _PRIVATE.start if code in _PRIVATE else code
    known = _SYMBOLS.get(font, {}).get(place)
    is_plain = font not in _SYMBOLS and code not in _PRIVATE and code >= _PRINTED
    return known or (chr(code) if is_plain else "")


def _linear(node: Any) -> str:  # noqa: ANN401
    """Return a formula on one line: (a)/(b), x^2, x_i, √(x)."""
    name = node.tag.removeprefix(_MATH)
    if name == "t":
        return node.text or ""
    if name == "d":
        return f"({', '.join(_linear(one) for one in node if one.tag == f'{_MATH}e')})"
    parts = {child.tag.removeprefix(_MATH): _linear(child) for child in node}
    if name == "nary":
        sign = node.find(f"{_MATH}naryPr/{_MATH}chr")
        parts["sign"] = "∫" if sign is None else sign.get(f"{_MATH}val", "∫")
    return _FORMS[name](defaultdict(str, parts)) if name in _FORMS else "".join(map(_linear, node))


def _grouped(said: str) -> str:
    return said if said.isalnum() else f"({said})"


def _with_scripts(parts: Mapping[str, str]) -> str:
    below = f"_{_grouped(parts['sub'])}" if "sub" in parts else ""
    above = f"^{_grouped(parts['sup'])}" if "sup" in parts else ""
    return f"{parts['e']}{below}{above}"


_FORMS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "f": lambda parts: f"{_grouped(parts['num'])}/{_grouped(parts['den'])}",
    "sSup": _with_scripts,
    "sSub": _with_scripts,
    "sSubSup": _with_scripts,
    "rad": lambda parts: f"{parts['deg']}√({parts['e']})",
    "nary": lambda parts: f"{parts['sign']}({parts['sub']}..{parts['sup']}) {parts['e']}",
}


def _raised_styles(document: Any) -> frozenset[str]:  # noqa: ANN401
    """Return the ids of the styles that raise characters."""
    return frozenset(
        style.get(qn("w:styleId"), "")
        for style in document.styles.element.iter(qn("w:style"))
        for mark in style.iter(qn("w:vertAlign"))
        if mark.get(qn("w:val")) == "superscript"
    )


def _set_apart_raised(body: Any, styles: frozenset[str]) -> None:  # noqa: ANN401
    for run in list(_raised_runs(body, styles)):
        earlier = reversed(list(run.itersiblings(preceding=True)))
        before = "".join(text for one in earlier for text in one.itertext(qn("w:t")))
        content = run.findall(qn("w:t"))
        shown = raised(before, "".join(node.text or "" for node in content))
        for node in content:
            node.text = shown if node is content[0] else ""


def _raised_runs(body: Any, styles: frozenset[str]) -> Iterator[Any]:  # noqa: ANN401
    for run in body.iter(qn("w:r")):
        own = run.find(f"{qn('w:rPr')}/{qn('w:vertAlign')}")
        style = run.find(f"{qn('w:rPr')}/{qn('w:rStyle')}")
        if own is not None:
            is_raised = own.get(qn("w:val")) == "superscript"
        else:
            is_raised = style is not None and style.get(qn("w:val")) in styles
        if is_raised:
            yield run
