"""An answer in the making: sentences in order, each with its numbered footnotes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.answering.evidence import Evidence
from services.answering.grounding import Grounded
from services.domain.answers import Citation, Sentence
from services.domain.documents import Span
from services.language.terms import content_terms

_JOINT = {"en": " ", "zh": ""}
_STOPPED = re.compile(r"[.!?;:,…。！？；：，][\"'”’」』)）\]]*$")
_STOP = {"en": "; ", "zh": "；"}


def is_said(text: str, said: Iterable[str]) -> bool:
    """Say whether one of the sentences that were *said* says all that *text* does."""
    terms = frozenset(content_terms(text))
    return any(terms <= frozenset(content_terms(one)) for one in said)


class Draft:
    """Collects sentences; the same quote gets the same number. The first is told after *lead*."""

    def __init__(self, language: str, lead: str = "") -> None:
        self._lead = lead
        self._joint = _JOINT.get(language, " ")
        self._stop = _STOP.get(language, "; ")
        self.text = ""
        self.sentences: list[Sentence] = []
        self.citations: list[Citation] = []
        self._last: Evidence | None = None

    @property
    def texts(self) -> list[str]:
        """What stands in it, sentence by sentence."""
        return [sentence.text for sentence in self.sentences]

    def tell(self, stands: Sequence[Grounded], quoted: Sequence[Evidence]) -> None:
        """Add the written sentences that stand, and behind them the sentences of documents; what
        one of these says in whole is not told in a model's words before: it may have left out what
        the sentence is about.
        """
        for one in stands:
            if one.evidence is not None and one.evidence not in quoted:
                self.say(one.text, one.evidence, one.support)
        for evidence in quoted:
            self.quote(evidence)

    def cites(self, evidence: Evidence) -> bool:
        """Say whether a footnote to *evidence* stands in it."""
        document = evidence.found.passage.document_id
        ends = [(c.start, c.end) for c in self.citations if c.document_id == document]
        return any((one.start, one.end) in ends for one in (evidence.cited, evidence.span))

    def quote(self, evidence: Evidence) -> None:
        """Add a sentence of a document; its heading is told once."""
        last = self._last
        is_named = (
            last is not None
            and last.lead == evidence.lead
            and last.found.passage.document_id == evidence.found.passage.document_id
        )
        if is_named:
            span = evidence.span if evidence.header is None else evidence.cited
            self._add(evidence.said, evidence, 1.0, span)
        else:
            self.say(evidence.text, evidence, 1.0)

    def say(self, text: str, evidence: Evidence, support: float) -> None:
        """Add a sentence that *evidence* supports."""
        self._add(text, evidence, support, evidence.cited)

    def end(self) -> None:
        """End the answer with a full stop where its last sentence only leads to another."""
        if self.text.endswith(("；", ";")):
            self.text = f"{self.text[:-1]}{'。' if self.text.endswith('；') else '.'}"
            last = self.sentences[-1]
            self.sentences[-1] = replace(last, text=self.text[last.start :])

    def _add(self, text: str, evidence: Evidence, support: float, cited: Span) -> None:
        if self.text:
            # Rows of tables and items of lists have no stop.
            self.text += self._joint if _STOPPED.search(self.text) else self._stop
        else:
            text = f"{self._lead}{text}"
        self._last = evidence
        start = len(self.text)
        self.text += text
        number = self._number(evidence, cited)
        self.sentences.append(Sentence(text, start, len(self.text), (number,), support))

    def _number(self, evidence: Evidence, span: Span) -> int:
        passage = evidence.found.passage
        text, first = passage.above + passage.text, passage.start - len(passage.above)
        for citation in self.citations:
            place = citation.document_id, citation.start, citation.end
            if place == (passage.document_id, span.start, span.end):
                return citation.number
        self.citations.append(
            Citation(
                number=len(self.citations) + 1,
                passage_id=passage.id,
                document_id=passage.document_id,
                document_name=passage.document_name,
                source_id=passage.source_id,
                collection=passage.collection,
                page=passage.page,
                start=span.start,
                end=span.end,
                quote=text[span.start - first : span.end - first],
                unverified=evidence.found.unverified,
            )
        )
        return len(self.citations)
