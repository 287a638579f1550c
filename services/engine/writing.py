"""One answer in the works: its tokens, where it stands, and what its reader is told."""

import codecs
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from services.domain.answers import Sampling
from services.domain.errors import EngineError
from services.engine import Step
from services.engine.batches import TokenPicker
from services.engine.outbox import Outbox, Reader
from services.engine.prefix_tree import Tokens
from services.engine.stopping import StopWatch
from services.engine.thinking import ThoughtFilter

# How often a reader that waits for a step looks whether anybody still waits for it.
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written: *tokens* to read, how to go on, whose it is, what it may share.

    Prompts that come later may begin with one of `beginnings`. `ahead` is read for them alone and
    gives way to everybody.
    """

    tokens: Tokens
    sampling: Sampling
    share: str = ""
    owner: str = ""
    beginnings: tuple[Tokens, ...] = ()
    ahead: bool = False


class Writing:
    """The state of one answer. The scheduler's thread changes it; `steps` is its reader's side.

    `position` tokens have their KV in the context; `count` are known (prompt and written ones).
    """

    def __init__(self, number: int, order: Order, picker: TokenPicker, outbox: Outbox) -> None:
        self.number = number
        self.arrived_s = time.perf_counter()
        self.share = order.share
        self.owner = order.owner
        self.beginnings = order.beginnings
        self.ahead = order.ahead
        # Nothing of it is kept if what it was made from has been deleted meanwhile.
        self.is_kept = True
        self.picker = picker
        self.prompt_tokens = len(order.tokens)
        self.most = order.sampling.max_tokens
        self._known = np.zeros(self.prompt_tokens + self.most + 1, dtype=np.int32)
        self._known[: self.prompt_tokens] = order.tokens
        self.count = self.prompt_tokens
        self.position = 0
        self.cached = 0
        self.sequence = -1
        self.draft: list[int] = []
        # A running share of the drafted tokens that were right.
        self.draft_share = 1.0
        self.left = threading.Event()
        self._told: Reader = queue.SimpleQueue()
        self._outbox = outbox
        self._watch = StopWatch(order.sampling.stop)
        is_bound = order.sampling.grammar is not None or order.sampling.json_schema is not None
        self._thoughts = ThoughtFilter(hides=not is_bound)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._has_begun = False

    @property
    def tokens(self) -> Tokens:
        """All tokens that are known: the prompt and what has been written."""
        return self._known[: self.count]

    @property
    def pending(self) -> int:
        """How many known tokens have no KV yet; 1 while it writes."""
        return self.count - self.position

    @property
    def written(self) -> int:
        """How many tokens it has written."""
        return self.count - self.prompt_tokens

    @property
    def is_writing(self) -> bool:
        """Say whether its prompt has been read."""
        return self.pending == 1 and self.position > 0

    def with_draft(self, draft: list[int]) -> Tokens:
        """Return the token that is due, and a draft of what may come after it."""
        due = self._known[self.position : self.position + 1]
        return np.append(due, np.array(draft, np.int32)) if draft else due

    def begin(self) -> None:
        """Tell the reader that the prompt has been read; only once, also after a preemption."""
        if not self._has_begun:
            self._has_begun = True
            first = Step(prompt_tokens=self.prompt_tokens, cached_tokens=self.cached)
            self._outbox.add(self._told, first)

    def take(self, token: int, piece: bytes, *, ends: bool) -> bool:
        """Add a token and tell its text; return whether the answer is complete with it."""
        self._known[self.count] = token
        self.count += 1
        if ends:
            self.finish("stop")
            return True
        text = self._thoughts.passed(self._watch.passed(self._decoder.decode(piece)))
        if self._watch.stopped:
            self.finish("stop", text)
            return True
        if self.written >= self.most:
            self.finish("length", text)
            return True
        self._outbox.add(self._told, self._step(text))
        return False

    def finish(self, why: str, text: str = "") -> None:
        """Tell the last step; what was held back of the text goes with it."""
        self.picker.close()
        rest = self._watch.rest() + ("" if self._watch.stopped else self._decoder.decode(b"", True))
        shown = text + self._thoughts.passed(rest) + self._thoughts.rest()
        self._outbox.add(self._told, self._step(shown, why))

    def fail(self, error: EngineError) -> None:
        """Tell the reader why there will be no answer."""
        self.picker.close()
        self._outbox.add(self._told, error)

    def steps(self, cancelled: Callable[[], bool]) -> Iterator[Step]:
        """Yield the steps as they come, those that are there already as one.

        Whoever stops reading, or whose *cancelled* says so, frees its place at the next step.
        """
        try:
            while True:
                step = self._next(cancelled)
                yield step
                if step.finish is not None:
                    return
        finally:
            self.left.set()

    def _next(self, cancelled: Callable[[], bool]) -> Step:
        while True:
            if cancelled():
                self.left.set()
                return self._step("", "cancelled")
            try:
                told = self._told.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if isinstance(told, EngineError):
                raise told
            return told if told.completion_tokens == 0 else self._merged(told)

    def _merged(self, step: Step) -> Step:
        text = step.text
        while step.finish is None:
            try:
                told = self._told.get_nowait()
            except queue.Empty:
                break
            if isinstance(told, EngineError):
                raise told
            step = told
            text += told.text
        return Step(
            text, step.prompt_tokens, step.cached_tokens, step.completion_tokens, step.finish
        )

    def _step(self, text: str, finish: str | None = None) -> Step:
        return Step(text, self.prompt_tokens, self.cached, self.written, finish)
