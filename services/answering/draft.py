"""An answer in the making: sentences in order, each with its numbered footnotes."""

from services.answering.evidence import Evidence
from services.domain.answers import Citation, Sentence
from services.language.terms import content_terms

_JOINT = {"en": " ", "zh": ""}


class Draft:
    """Collects sentences; the same quote gets the same number."""

    def __init__(self, language: str) -> None:
        self._joint = _JOINT.get(language, " ")
        self.text = ""
        self.sentences: list[Sentence] = []
        self.citations: list[Citation] = []

    @property
    def is_empty(self) -> bool:
        """Say whether nothing stands in it yet."""
        return not self.sentences

    @property
    def texts(self) -> list[str]:
        """What stands in it, sentence by sentence."""
        return [sentence.text for sentence in self.sentences]

    def has_said(self, text: str) -> bool:
        """Say whether all that *text* says stands in it already."""
        terms = frozenset(content_terms(text))
        return any(terms <= frozenset(content_terms(said)) for said in self.texts)

    def cites(self, evidence: Evidence) -> bool:
        """Say whether a footnote to *evidence* stands in it."""
        place = _place(evidence)
        return any((c.document_id, c.start, c.end) == place for c in self.citations)

    def say(self, text: str, evidence: Evidence, support: float) -> None:
        """Add a sentence that *evidence* supports."""
        if self.text:
            self.text += self._joint
        start = len(self.text)
        self.text += text
        number = self._number(evidence)
        self.sentences.append(Sentence(text, start, len(self.text), (number,), support))

    def _number(self, evidence: Evidence) -> int:
        passage, span = evidence.found.passage, evidence.cited
        text, first = passage.above + passage.text, passage.start - len(passage.above)
        for citation in self.citations:
            if (citation.document_id, citation.start, citation.end) == _place(evidence):
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


def _place(evidence: Evidence) -> tuple[str, int, int]:
    return evidence.found.passage.document_id, evidence.cited.start, evidence.cited.end
