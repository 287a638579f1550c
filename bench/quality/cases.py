"""Questions of the sets with everything that choosing and refusing is fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.collect import Bench
from bench.quality.sets import rows
from services.answering.evidence import Evidence
from services.domain.answers import Turn
from services.evaluation.measures import holds
from services.retrieval import Query, Retrieval

# So many answerable questions of a set, and so many others.
MOST = 200
READ = 6
FOUND = 10
# So many more are asked for, so that ten are left without the relevant ones.
_MORE = 6


@dataclass(frozen=True, slots=True)
class Case:
    """One question: the features of its sentences, which of them answer and which stand in a
    relevant document.

    `is_bare`: an answerable question whose relevant documents were taken out of what was found, so
    that nothing answers it any more.
    """

    set_name: str
    row: Mapping[str, Any]
    retrieval: Retrieval
    evidence: Sequence[Evidence]
    features: NDArray[np.float64]
    good: NDArray[np.bool_]
    relevant: NDArray[np.bool_]
    is_bare: bool = False

    @property
    def answerable(self) -> bool:
        """Whether it can be answered from what was found."""
        return bool(self.row.get("answerable")) and not self.is_bare


def collect(bench: Bench, name: str, language: str) -> list[Case]:
    """Return the cases of one set in one language, and the answerable ones once more as bare."""
    read = rows(name, "queries")
    yes = [
        row
        for row in read
        if row.get("answerable") and row.get("lang", language) != other(language)
    ]
    no = [row for row in read if not row.get("answerable")]
    found = []
    for row in [*yes[:MOST], *no[:MOST]]:
        history = tuple(Turn(**turn) for turn in row.get("history") or [])
        query = Query(row["text"], history)
        retrieval = bench.retriever.search(query, bench.scope(name), FOUND + _MORE)
        if retrieval.language != language:
            continue
        found.append(_case(bench, name, row, retrieval))
        if row.get("answerable"):
            found.append(replace(_case(bench, name, row, _bare(retrieval, row)), is_bare=True))
    return [case for case in found if case.evidence]


def other(language: str) -> str:
    """Return the other of the two languages."""
    return "en" if language == "zh" else "zh"


def _bare(retrieval: Retrieval, row: Mapping[str, Any]) -> Retrieval:
    named = set(row.get("relevant") or ())
    left = [one for one in retrieval.found if one.passage.source_id not in named]
    return replace(retrieval, found=left)


def _case(bench: Bench, name: str, row: Mapping[str, Any], retrieval: Retrieval) -> Case:
    retrieval = replace(retrieval, found=retrieval.found[:FOUND])
    evidence = bench.weigher.evidence(retrieval, bench.weigher.cut(retrieval, READ))
    named = set(row.get("relevant") or ())
    return Case(
        set_name=name,
        row=row,
        retrieval=retrieval,
        evidence=evidence,
        features=np.array([one.features for one in evidence]),
        good=np.array([_answers(one, row, named) for one in evidence]),
        relevant=np.array([one.found.passage.source_id in named for one in evidence]),
    )


def _answers(evidence: Evidence, row: Mapping[str, Any], named: set[str]) -> bool:
    """Say whether a sentence of a relevant document holds an answer or is gold evidence."""
    if evidence.found.passage.source_id not in named:
        return False
    golden = row.get("evidence") or row.get("sentences") or row.get("evidence_sentences") or []
    texts = ["".join(str(g.get("text", "") if isinstance(g, dict) else g).split()) for g in golden]
    flat = "".join(evidence.quote.split())
    quoted = any(text and (flat in text or text in flat) for text in texts)
    return quoted or holds(evidence.quote, row.get("answers") or [])
