"""unstructured made to work without a network, and its elements as blocks.

The library fetches a language model at its first parse and imports torch for it. A blank
multilingual pipeline does all that we need of it.
"""

import functools
import re
import sys
from collections.abc import Iterable
from typing import Any

from ingest.reading import Block
from ingest.reading.tables import html_table

_NUMBERED = re.compile(r"\d{1,3}[.)、]\s")


@functools.cache
def prepare() -> None:
    """Put a blank pipeline in the place of the model; call before any partition function."""
    # spaCy would import torch, a gigabyte of address space that reading has no use for.
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    import spacy  # noqa: PLC0415 - only after torch is out of its reach
    from unstructured.documents.elements import Text  # noqa: PLC0415
    from unstructured.nlp import tokenize  # noqa: PLC0415
    from unstructured.partition.html import parser  # noqa: PLC0415

    pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer")
    # The library offers no other way; a test fails if the name goes.
    setattr(tokenize, "_get_nlp", lambda: pipeline)  # noqa: B010
    guess = parser.derive_element_type_from_text

    def never_none(text: str) -> Any:  # noqa: ANN401 - a class of the library
        # It drops what has one character: an ideograph, a digit in a list.
        return guess(text) or (Text if text.strip() else None)

    parser.derive_element_type_from_text = never_none


def blocks_of(elements: Iterable[Any], *, titles: bool, pages: bool = False) -> list[Block]:
    """Return elements as blocks.

    *titles*: whether the format itself says what a heading is. Elsewhere the library guesses by
    English habits and takes most Chinese lines for titles, so those count as text.
    """
    blocks = []
    for element in elements:
        page = element.metadata.page_number if pages else None
        table = element.metadata.text_as_html
        if table and element.category == "Table":
            blocks.append(Block("table", html_table(table), page=page))
        elif element.category == "Title" and titles:
            depth = element.metadata.category_depth or 0
            blocks.append(Block("heading", element.text, depth + 1, page))
        elif element.category == "ListItem":
            mark = "" if _NUMBERED.match(element.text) else "- "
            blocks.append(Block("item", f"{mark}{element.text}", page=page))
        else:
            blocks.append(Block("text", element.text, page=page))
    return blocks
