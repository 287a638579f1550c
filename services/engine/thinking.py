"""What a thinking model thinks before it answers is not part of the answer."""

_OPEN, _CLOSE = "<think>", "</think>"


class ThoughtFilter:
    """Lets text pass but for what stands between the marks; a mark may come in pieces. What a
    grammar has written holds no thoughts: with *hides* false all of it passes.
    """

    def __init__(self, *, hides: bool = True) -> None:
        self._hides = hides
        self._held = ""
        self._thinks = False

    def passed(self, text: str) -> str:
        """Return what of the text so far can be shown for certain."""
        is_plain = not self._thinks and not self._held and "<" not in text
        if is_plain or not self._hides:
            return text
        self._held += text
        shown = ""
        while True:
            mark = _CLOSE if self._thinks else _OPEN
            at = self._held.find(mark)
            if at < 0:
                break
            shown += "" if self._thinks else self._held[:at]
            self._held = self._held[at + len(mark) :]
            self._thinks = not self._thinks
        keep = _beginning(self._held, mark)
        cut = len(self._held) - keep
        shown += "" if self._thinks else self._held[:cut]
        self._held = self._held[cut:]
        return shown

    def rest(self) -> str:
        """Return what was held back, at the end of the text."""
        shown, self._held = self._held, ""
        return "" if self._thinks else shown


def _beginning(text: str, mark: str) -> int:
    """Return how much of the text's end is a beginning of *mark*."""
    sizes = range(min(len(mark) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(mark[:size])), 0)
