"""Every sentence of the retrieved passages, measured by how well it answers the question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.answering.leads import Unit, as_said, asks, leads_on, units
from services.answering.measures import Asked, Parts
from services.answering.names import is_row_of_amount, things_named
from services.answering.question_types import years_asked
from services.cache.recent_vectors import RecentVectors
from services.domain.documents import Span
from services.domain.passages import Found, embedded_text
from services.engine import Embedder
from services.engine.token_vectors import likeness as likeness_of
from services.language import table_rows
from services.language.identifiers import identifiers, is_of_asked, is_of_others
from services.language.normalize import CJK, language_of
from services.language.table_rows import Row
from services.language.terms import content_terms
from services.retrieval import Retrieval
from services.retrieval.scoring import token_weights

# 单位：万元, "in thousands of EUR", so far above the names of the columns.
_UNIT = re.compile(
    r"单位[:：] ?(?P<zh>[^\s，。；、）)|]{1,12})|"
    r"\b(?P<en>in (?:thousand|million|billion)s?(?: of)? (?:[A-Z]{3}|euros?|dollars?|pounds?))\b"
)
_UNIT_ABOVE = 80
# A row is told with it behind.
_UNIT_TOLD = re.compile(rf"\s*[（(]?(?:{_UNIT.pattern})[)）]?")
# Vectors of sentences that are kept: 1.5 KiB each.
_KEPT_SENTENCES = 8192
# A footnote that reaches from a heading or question to what stands under it is no longer.
_LONGEST_CITED = 300


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A sentence of a passage: `span` counts in the document's canonical text."""

    found: Found
    rank: int
    position: int
    span: Span
    quote: str
    terms: frozenset[str]
    features: NDArray[np.float64]
    # Which terms of the question it holds.
    covers: frozenset[str] = frozenset()
    # The row that names the columns, if the sentence is a row of a table.
    header: str | None = None
    # The heading or question of its passage that it stands under.
    lead: str | None = None
    # The years that are asked about: of a row that has others' amounts too, only theirs are told.
    years: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """The sentence as it can stand in an answer: on one line, without a list mark; a row of a
        table with the names of its columns, and what does not say of what it speaks with that.
        """
        return f"{self._subject}{self.said}"

    @property
    def said(self) -> str:
        """The same, without the heading that tells of what it speaks."""
        said = as_said(self.quote)
        if self.header is not None:
            return _with_unit(_told(self.header, said, self.years), self._unit)
        return table_rows.told_bare(said) if table_rows.is_row(said) else said

    @property
    def _subject(self) -> str:
        """What is told before a sentence that does not say of what it speaks: its heading; before
        a row of a table its caption.
        """
        lead = self.lead
        if lead is None or asks(lead) or leads_on(as_said(self.quote.partition("\n")[0])):
            return ""
        if self.header is not None:
            is_named = self._caption_at is not None
        else:
            is_named = not self.own_terms.intersection(content_terms(lead))
        if not is_named:
            return ""
        named = _UNIT_TOLD.sub("", lead).rstrip(":： ") or lead
        return f"{named}{'：' if CJK.search(named) else ': '}"

    @property
    def _header_at(self) -> int:
        """Where in its passage what names a row's columns begins; below 0 where it is not in it."""
        passage = self.found.passage
        until = self.span.start - passage.start
        return f"\n{passage.text}".rfind(f"\n{self.header}\n", 0, until + 1)

    @property
    def _caption_at(self) -> int | None:
        """Where in its passage the caption begins that stands right above a row's table."""
        above = self.found.passage.text[: max(0, self._header_at)].rstrip("\n :：")
        is_right_above = self.lead is not None and above.endswith(self.lead)
        return above.rfind("\n") + 1 if is_right_above else None

    @property
    def own_terms(self) -> frozenset[str]:
        """The terms of the sentence itself, without those of what it stands under."""
        return frozenset(content_terms(self.quote))

    @property
    def heading(self) -> str:
        """The nearest heading or question that it stands under; empty if there is none."""
        return self.lead or next(iter(self.found.passage.headings[-1:]), "")

    @property
    def levels(self) -> Sequence[str]:
        """The sentence and what it stands under, from the nearest on."""
        passage = self.found.passage
        names = (passage.document_title, passage.document_name.replace("_", " "))
        near = (self.quote, self.header or "", self.lead or "")
        return (*near, *passage.headings[::-1], *names)

    @property
    def key(self) -> str:
        """What a row of a table is of: the name of its first column with the first cell."""
        if self.header is None:
            return ""
        name, first = table_rows.cells(self.header)[0], table_rows.cells(self.quote)[0]
        return f"{name}{'' if CJK.search(name[-1:]) else ' '}{first}"

    @property
    def cited(self) -> Span:
        """What a footnote quotes: the sentence, from the heading or question on without which it
        cannot be read; of a table, from the names of the columns to the row, as long as the passage
        holds both, or they stand right before it.
        """
        passage = self.found.passage
        until = self.span.start - passage.start
        if self.header is None:
            is_read_with_it = self.lead is not None and (asks(self.lead) or self._subject)
            at = passage.text.rfind(self.lead or "", 0, until) if is_read_with_it else -1
            is_near = at >= 0 and self.span.end - passage.start - at <= _LONGEST_CITED
            return Span(passage.start + at, self.span.end) if is_near else self.span
        at = self._header_at
        if at < 0:
            if not passage.above or self.header != table_rows.named_by(passage.headings):
                return self.span
            return Span(passage.start - len(passage.above), self.span.end)
        noted, caption = self._unit, self._caption_at
        if noted is not None:
            at = noted.start()
        if caption is not None and until + len(self.quote) - caption <= _LONGEST_CITED:
            at = min(at, caption)
        return Span(passage.start + at, self.span.end)

    @property
    def _unit(self) -> re.Match[str] | None:
        """What says right above a table in which unit its amounts are."""
        at = self._header_at
        text = self.found.passage.text
        return _UNIT.search(text, max(0, at - _UNIT_ABOVE), at) if at > 0 else None

    @property
    def context(self) -> str:
        """The sentence with what it cannot be read without: the heading, caption or question above
        it, the names of a table's columns.
        """
        return "\n".join(one for one in (self.lead, self.header, self.quote) if one is not None)


@dataclass(frozen=True, slots=True)
class Cut:
    """The first passages of a retrieval in sentences: where they lie, what they say, what names the
    columns of those that are rows of tables, which heading or question the others stand under, and
    how like the question each is as a whole.
    """

    found: Sequence[Found]
    spans: Sequence[Sequence[Span]]
    texts: Sequence[Sequence[str]]
    headers: Sequence[Sequence[str | None]]
    leads: Sequence[Sequence[str | None]]
    likeness: Sequence[NDArray[np.float64]]


class Weigher:
    """Measures the sentences of a retrieval against its question."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._sentences = RecentVectors(
            lambda texts: [one.vector for one in embedder.embed_passages(texts)], _KEPT_SENTENCES
        )

    def cut(self, retrieval: Retrieval, passages: int) -> Cut:
        """Cut the first *passages* passages into sentences, and embed those that are new."""
        found = retrieval.found[:passages]
        rows = [
            table_rows.rows_of(one.passage.text, table_rows.named_by(one.passage.headings))
            for one in found
        ]
        stated = [_units(one, own) for one, own in zip(found, rows, strict=True)]
        spans = [[unit.span for unit in own] for own in stated]
        leads = [[unit.lead for unit in own] for own in stated]
        texts = [
            [one.passage.text[span.start : span.end] for span in own]
            for one, own in zip(found, spans, strict=True)
        ]
        headers = [
            [_header(named, span) for span in own] for named, own in zip(rows, spans, strict=True)
        ]
        told = [
            [_under(lead, _told(header, text)) for header, lead, text in zip(*own, strict=True)]
            for own in zip(headers, leads, texts, strict=True)
        ]
        return Cut(found, spans, texts, headers, leads, self._as_wholes(retrieval, found, told))

    def evidence(self, retrieval: Retrieval, cut: Cut) -> list[Evidence]:
        """Return every sentence of *cut* with its features."""
        asked, years = Asked(retrieval), years_asked(retrieval.question)
        weights = _token_weights(retrieval)
        measured: list[Evidence] = []
        for rank, (one, spans) in enumerate(zip(cut.found, cut.spans, strict=True)):
            headers, leads = cut.headers[rank], cut.leads[rank]
            above = list(map(_joined, headers, leads))
            best = self._best_tokens(retrieval, weights, cut, rank)
            likeness = (*best, cut.likeness[rank])
            passage = Parts(one, rank, cut.texts[rank], above, likeness)
            start = one.passage.start
            measured += [
                Evidence(
                    found=one,
                    rank=rank,
                    position=position,
                    span=Span(start + span.start, start + span.end),
                    quote=passage.texts[position],
                    terms=passage.terms[position],
                    features=asked.features(passage, position),
                    covers=passage.terms[position] & retrieval.weights.keys(),
                    header=headers[position],
                    lead=leads[position],
                    years=years,
                )
                for position, span in enumerate(spans)
            ]
        return _of_what_is_named(retrieval.question, measured)

    def _as_wholes(
        self, retrieval: Retrieval, found: Sequence[Found], texts: Sequence[Sequence[str]]
    ) -> list[NDArray[np.float64]]:
        """Return the cosine of the question to each sentence behind its document's title; zeros
        where the embedder does not read the question.

        About a thousand tokens are embedded for it, a quarter of a second of one core, unless the
        passages were asked for lately.
        """
        if retrieval.embedded is None:
            return [np.zeros(len(own)) for own in texts]
        behind_titles = [
            f"{one.passage.document_title}. {text}"
            for one, own in zip(found, texts, strict=True)
            for text in own
        ]
        rows = iter(self._sentences.of(behind_titles))
        asked = retrieval.embedded.vector
        return [np.array([float(next(rows) @ asked) for _ in own]) for own in texts]

    def _best_tokens(
        self,
        retrieval: Retrieval,
        weights: NDArray[np.float64],
        cut: Cut,
        rank: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how like the question each sentence of a passage is, by late interaction over
        token vectors, the question's of these *weights*.

        Nothing is embedded for it: the passages' token vectors are stored, and their places in the
        text come from the tokenizer alone. Zeros where the passage has none. A sentence is as like
        as what it stands under, if that is more.
        """
        passage, spans = cut.found[rank].passage, cut.spans[rank]
        packed = retrieval.tokens.get(passage.id)
        zeros = np.zeros(len(spans))
        if retrieval.embedded is None or packed is None:
            return zeros, zeros
        text = embedded_text(passage.document_title, passage.headings, passage.text)
        shift = len(text) - len(passage.text)
        likeness = likeness_of(retrieval.embedded.tokens, packed[0])
        rows = likeness.shape[1]
        starts = np.array([start - shift for start, _ in self._embedder.spans(text)][:rows])
        best = [
            likeness[:, (starts >= span.start) & (starts < span.end)].max(axis=1, initial=0.0)
            for span in spans
        ]
        for i, above in enumerate(zip(cut.headers[rank], cut.leads[rank], strict=True)):
            for one in filter(None, above):
                place = text.rfind(one, 0, shift + spans[i].start)
                # Headings stand before the passage's own text.
                at = place - shift
                named = likeness[:, (place >= 0) & (starts >= at) & (starts < at + len(one))]
                best[i] = np.maximum(best[i], named.max(axis=1, initial=0.0))
        own = np.array([float(weights @ one) for one in best])
        windows = np.array(
            [float(weights @ np.max(best[max(0, i - 1) : i + 2], axis=0)) for i in range(len(best))]
        )
        return own, windows


def _token_weights(retrieval: Retrieval) -> NDArray[np.float64]:
    if retrieval.embedded is None:
        return np.zeros(0)
    return token_weights(retrieval.question, retrieval.embedded, retrieval.idf)


def _with_unit(said: str, unit: re.Match[str] | None) -> str:
    """Return a row as it is told with the unit of its amounts, if that stands above its table."""
    if unit is None:
        return said
    end = len(said) - said.endswith(("。", "."))
    told = f"（单位：{unit['zh']}）" if unit["zh"] else f" ({unit['en']})"
    return f"{said[:end]}{told}{said[end:]}"


def _told(header: str | None, text: str, years: frozenset[str] = frozenset()) -> str:
    """Return *text*; if it is a row under *header*, with the names of its columns."""
    if header is None:
        return text
    return table_rows.told(header, text, language_of(f"{header} {text}"), years) or text


def _of_what_is_named(question: str, found: list[Evidence]) -> list[Evidence]:
    """Return *found* without what stands under the heading of another thing than the question
    names (the Plus plan, the Basic plan), or in its row (zone B, zone C), where something stands
    under its own.
    """
    found = _of_what_is_numbered(question, found)
    asked = things_named(question)
    headed = [things_named(one.key or one.heading, is_heading=True) for one in found]
    own = asked & frozenset().union(*headed)
    kinds = {kind for kind, _ in own}
    return [
        one
        for one, named in zip(found, headed, strict=True)
        if own & named or not kinds & {kind for kind, _ in named}
    ]


def _of_what_is_numbered(question: str, found: list[Evidence]) -> list[Evidence]:
    """Return *found* without what is of another code, year or number of a kind than the question
    names (E102, 2023年, 第八条), where something is of its own.
    """
    asked = identifiers(question)
    if not asked or not any(is_of_asked(asked, one.levels) for one in found):
        return found
    return [
        one
        for one in found
        if not is_of_others(asked, one.levels) or is_row_of_amount(question, one.quote, one.header)
    ]


def _under(lead: str | None, text: str) -> str:
    return text if lead is None else f"{lead} {text}"


def _joined(header: str | None, lead: str | None) -> str | None:
    """Return what a sentence stands under; of a row of a table, also what names its columns."""
    return "\n".join(filter(None, (lead, header))) or None


def _names_columns(row: Row | None) -> bool:
    return row is not None and row.header is None


def _row_at(rows: Sequence[Row], span: Span) -> Row | None:
    """Return the row of a table that *span* begins in."""
    return next((row for row in rows if row.start <= span.start < row.end), None)


def _header(rows: Sequence[Row], span: Span) -> str | None:
    """Return what names the columns of a sentence that is a whole row."""
    row = _row_at(rows, span)
    return (
        row.header if row is not None and (row.start, row.end) == (span.start, span.end) else None
    )


def _units(found: Found, rows: Sequence[Row]) -> list[Unit]:
    passage = found.passage
    above = (passage.document_title, *passage.headings)
    return list(units(passage.text, above, lambda span: _names_columns(_row_at(rows, span))))
