"""Sentences as evidence."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from services.answering.evidence import Evidence
from services.answering.measures import FEATURES
from services.domain.documents import Span
from services.domain.passages import Found, Passage
from services.language.terms import content_terms

MakeEvidence: TypeAlias = Callable[..., Evidence]


@pytest.fixture(scope="session")
def evidence() -> MakeEvidence:
    """Return a function that makes evidence of a sentence of a document."""

    def make(
        quote: str,
        document: str = "d",
        title: str = "",
        header: str | None = None,
        lead: str | None = None,
    ) -> Evidence:
        passage = Passage(1, document, "d.md", title, "s", "c", "c", 0, quote, 0, len(quote))
        return Evidence(
            found=Found(passage, 1.0),
            rank=0,
            position=0,
            span=Span(0, len(quote)),
            quote=quote,
            terms=frozenset(content_terms(f"{header or lead or ''} {quote}")),
            features=np.zeros(len(FEATURES)),
            header=header,
            lead=lead,
        )

    return make
