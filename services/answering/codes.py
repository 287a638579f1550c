"""Rows of tables and lines of lists that are called by a code: E04 | overload, A16 free flow."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from services.answering.composing import SURELY, Ranked
from services.answering.evidence import Evidence
from services.language.identifiers import Identifier, identifiers, without
from services.language.table_rows import cells, is_row

# The row is looked for in the documents of so many of the best sentences.
_FIRST = 3
# So many lines that begin with codes of one kind are a list of these.
_FEWEST = 3
_FIRST_WORD = re.compile(r"^(?:[-*•·▪]\s+)?([^\s:：,，—–]{2,12})", re.MULTILINE)


def of_asked_code(best: Sequence[Ranked], question: str) -> list[Ranked]:
    """Return the evidence, first of all what is called by a code of the *question* (E04), if it is
    of a document that the first sentences are of.
    """
    asked = identifiers(question)
    near = {one.evidence.found.passage.document_id for one in best[:_FIRST]}
    for one in best if asked else ():
        if one.evidence.found.passage.document_id in near and is_called(one.evidence, asked):
            sure = Ranked(one.evidence, best[0].score + SURELY)
            return [sure, *(other for other in best if other is not one)]
    return list(best)


def is_called(one: Evidence, asked: Collection[Identifier]) -> bool:
    """Say whether *one* is called by one of the codes *asked* about: the first cell of a row is no
    more than that, or a line of a list of such codes begins with it.
    """
    if is_row(one.quote):
        return not _codes_of(cells(one.quote)[0]).isdisjoint(asked)
    first = _FIRST_WORD.match(one.quote)
    codes = _codes_of(first[1]) if first else frozenset()
    if codes.isdisjoint(asked):
        return False
    words = _FIRST_WORD.findall(one.found.passage.text)
    kinds = Counter(kind for word in words for kind, _ in _codes_of(word))
    return any(kinds[kind] >= _FEWEST for kind, _ in codes)


def _codes_of(name: str) -> frozenset[Identifier]:
    """Return the codes that *name* is, if it says nothing else."""
    codes = identifiers(name)
    return codes if not without(name, frozenset(k for k, _ in codes)).strip() else frozenset()
