"""Stop strings: text is held back while it may still become one."""

from collections.abc import Sequence


class StopWatch:
    """Lets text pass until a stop string appears; the stop string itself never passes."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def passed(self, text: str) -> str:
        """Return what of the text so far can be shown for certain."""
        if not self._stops:
            return text
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)], ""
            return shown
        keep = max(self._overlap(stop) for stop in self._stops)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def rest(self) -> str:
        """Return what was held back, at the end of the text."""
        shown, self._held = self._held, ""
        return "" if self.stopped else shown

    def _overlap(self, stop: str) -> int:
        """Return how much of the held text's end is a beginning of *stop*."""
        for size in range(min(len(stop) - 1, len(self._held)), 0, -1):
            if self._held.endswith(stop[:size]):
                return size
        return 0
