"""How many tokens of prompts go into a step: as many as fit its time.

While answers stream, a step with prompt tokens may take so much longer than one without that
nobody sees a stall. What a step costs is learnt from the steps themselves.
"""

# A step with prompt tokens may take this many times one without.
_STRETCH = 1.8
# With prompts queueing, everybody is served sooner by chunks that fill the processor: in much
# smaller ones a token costs up to a third more (measured on two cores, `docs/engine.md`).
_FILLED = 128
_QUEUE = 3
# Then a step may also take this long, if that is more: 40 tokens a second are more than anybody
# reads, and a GPU whose step takes 3 ms reads a prompt at a tenth of its speed in 2 ms more.
_UNSEEN_S = 0.025
# Never fewer: a batch row costs little more than none.
_FEWEST = 8
# The longest step without streams, so that someone who leaves does not keep the engine.
_LONGEST_S = 0.5
_LEARNING = 0.2


class Pace:
    """Learns seconds a step and a prompt token; says the size of the next chunk."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._writing_s: dict[int, float] = {}
        self._token_s = 0.0

    def chunk(self, writing: int, reading: int) -> int:
        """Return how many tokens of *reading* prompts go beside *writing* streams.

        0 where it is not known what so many streams take: the next step tells.
        """
        if writing == 0:
            return self._bounded(_LONGEST_S / self._token_s) if self._token_s else self._most
        base = self._base(writing)
        if base is None:
            return 0
        if self._token_s == 0:
            return min(_FILLED, self._most)
        chunk = self._bounded(base * (_STRETCH - 1) / self._token_s)
        if reading < _QUEUE:
            return chunk
        unseen = self._bounded((_UNSEEN_S - base) / self._token_s)
        return max(chunk, unseen, min(_FILLED, self._most))

    def learn(self, writing: int, prompt_tokens: int, seconds: float) -> None:
        """Note what a step took."""
        if prompt_tokens == 0:
            old = self._writing_s.get(writing, seconds)
            # A step that a busy machine held up says nothing about the next.
            self._writing_s[writing] = old + _LEARNING * (min(seconds, 2 * old) - old)
            return
        base = self._base(writing)
        if writing and base is None:
            return
        base = base or 0.0
        each = max(seconds - base, 1e-6) / prompt_tokens
        self._token_s += (_LEARNING if self._token_s else 1.0) * (each - self._token_s)

    def _base(self, writing: int) -> float | None:
        """Return the seconds of a step with *writing* streams, or with about so many."""
        if writing == 0 or not self._writing_s:
            return None
        nearest = min(self._writing_s, key=lambda known: abs(known - writing))
        is_near = max(nearest, writing) <= 2 * min(nearest, writing)
        return self._writing_s[nearest] if is_near else None

    def _bounded(self, tokens: float) -> int:
        return max(_FEWEST, min(self._most, int(tokens)))
