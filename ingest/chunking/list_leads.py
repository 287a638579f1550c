"""Sentences that lead into lists, for the parts of a list that begin without theirs."""

import re

_ITEM = re.compile(
    r"[-*•·▪◦‣○●■–—]\s|[(（]?(?:\d{1,3}|[a-z]|[一二三四五六七八九十]{1,3})[.)、）]\s*\S"
)
_LEAD = re.compile(r"([^\n。.!?！？]{4,160}[:：])\s*$")


class ListLeads:
    """The leads of the lists in `start..end` of a text."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._lists: list[tuple[int, int, str]] = []
        position, lead, began = start, "", -1
        for line in text[start:end].splitlines(keepends=True):
            bare = line.strip()
            found = _LEAD.search(line)
            if bare and not _ITEM.match(bare):
                lead, began = (found[1].strip(), position + len(line)) if found else ("", -1)
            elif bare and lead:
                self._lists.append((began, position + len(line), lead))
            position += len(line)

    def at(self, place: int) -> str | None:
        """Return the lead of the list that *place* is in; None at its beginning and outside."""
        return next((lead for began, end, lead in self._lists if began <= place < end), None)
