"""Many answers at once from one context: a thread that fills batches, decodes and shares out.

Each step takes one token of every answer that is being written, then tokens of prompts as the pace
allows. Prompts that share a prefix read it once: who comes second waits until the first has read
it, and then holds the same cells. Room is taken as it is needed; where there is none, resting
branches go first, then the youngest answer steps back and resumes later without loss.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.domain.answers import Sampling
from services.domain.errors import ContextLengthError, EngineError
from services.engine.batches import KVContext, Row, part
from services.engine.drafting import Drafter
from services.engine.filling import Batch, prompt_row
from services.engine.kv_room import KVRoom
from services.engine.kv_tiers import KVTiers
from services.engine.outbox import Outbox
from services.engine.pacing import Pace
from services.engine.popular import Popular
from services.engine.prefix_tree import SHARE_JOINT, Tokens, common
from services.engine.scheduler_stats import SchedulerStats
from services.engine.threads import FreeCores
from services.engine.waiting_room import WaitingRoom
from services.engine.writing import Order, Writing

log = structlog.get_logger("engine")

# Without work for so long, the scheduler looks after what rests.
_IDLE_S = 1.0
# What is read ahead gives way after so many tokens.
_AHEAD_TOKENS = 64
# Something that loads is looked at so often.
_LOADING_S = 0.002
# The end of the service may be held up so long by saving what rests.
_LAST_SAVES_S = 2.0
_NO_ROOM, _ABORTED = 1, 2
# So often the chunk is halved before somebody steps back.
_MOST_REFUSALS = 4


@dataclass(frozen=True, slots=True)
class SchedulerOptions:
    """`answers` are written at once, on free `cores`, `threads` at most (0: as many as are free);
    `draft_tokens` 0 drafts none.
    """

    answers: int
    cores: FreeCores
    draft_tokens: int = 0
    threads: int = 0


class Scheduler:
    """Owns the context from its making to `close`; `submit` may be called from any thread."""

    def __init__(
        self, context: KVContext, tiers: KVTiers, options: SchedulerOptions, stats: SchedulerStats
    ) -> None:
        self._context = context
        self._room = KVRoom(context, tiers)
        self._options = options
        self._stats = stats
        stats.watch(self._room)
        self._pace = Pace(context.batch_tokens)
        self._drafter = Drafter(options.draft_tokens)
        self._arrived: deque[Writing] = deque()
        self._waiting = WaitingRoom(self._room)
        self._running: list[Writing] = []
        self._popular = Popular()
        self._outbox = Outbox()
        self._forgotten: set[str] = set()
        self._numbers = 0
        self._refusals = 0
        self._is_closed = False
        self._wake = threading.Condition(threading.RLock())
        for name, saved in tiers.stored():
            self._room.tree.save(saved.share, saved.tokens, name)
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def submit(self, order: Order) -> Writing:
        """Begin an answer as soon as there is a place; EngineError if it can never have one."""
        if len(order.tokens) + order.sampling.max_tokens > self._context.window:
            raise ContextLengthError("Prompt and answer are longer than the context window.")
        with self._wake:
            if self._is_closed:
                raise EngineError("The engine is shutting down.")
            writing = self._written(order)
            self._arrived.append(writing)
            self._wake.notify()
        return writing

    def at_hand(self, share: str, tokens: Tokens) -> int:
        """Return how many tokens of a prompt need not be read, or are about to be."""
        with self._wake:
            match = self._room.match(share, tokens)
            planned = [*self._running, *(one.writing for one in self._waiting), *self._arrived]
            shared = [common(one.tokens, tokens) for one in planned if one.share == share]
        return max(match.resident, match.stored, *shared, 0)

    def forget(self, collection: str) -> None:
        """Let go of everything that rests or is saved for askers of *collection*."""
        with self._wake:
            self._forgotten.add(collection)
            self._wake.notify()

    def close(self) -> None:
        """End: answers in the works fail with a reason, what rests is saved for the next start."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()
        self._thread.join()

    def _written(self, order: Order) -> Writing:
        self._numbers += 1
        return Writing(self._numbers, order, self._context.sampler(order.sampling), self._outbox)

    def _run(self) -> None:
        while not self._is_closed:
            try:
                self._turn()
            except Exception as error:
                log.exception("the scheduler's step failed", exc_info=error)
                with self._wake:
                    self._start_afresh(f"The engine failed at this answer: {error}")
        with self._wake:
            self._take_arrived()
            self._end_all()
        self._outbox.close()

    def _turn(self) -> None:
        with self._wake:
            self._take_arrived()
            self._drop_left()
            self._admit()
            batch = self._batch()
            if not batch.rows:
                self._rest()
                return
        self._step(batch)

    def _rest(self) -> None:
        """Wait for news; look after what rests if there are none."""
        self._outbox.deliver()
        self._stats.rested()
        if self._is_closed:
            return
        patience = _LOADING_S if self._waiting.is_loading else _IDLE_S
        if not self._wake.wait(patience) and not self._waiting:
            self._tell_who()
            unsaved = self._room.unsaved(uses=2)
            if unsaved:
                self._room.save(unsaved[0])
            else:
                self._read_ahead()

    def _read_ahead(self) -> None:
        """Begin to read what prompts often begin with, where that takes nothing from anybody."""
        wanted = self._popular.wanted(self._room.is_at_hand) if self._room.has_free else None
        if wanted is None:
            return
        share, tokens = wanted
        if self._room.free_cells([]) >= len(tokens):
            order = Order(tokens, Sampling(max_tokens=1), share, ahead=True)
            self._waiting.add(self._written(order))

    def _take_arrived(self) -> None:
        if self._arrived:
            for one in self._running:
                if one.ahead:
                    one.left.set()
        while self._arrived:
            arrived = self._arrived.popleft()
            for beginning in arrived.beginnings:
                self._popular.count(arrived.share, beginning)
            self._waiting.add(arrived)
        while self._forgotten:
            self._forget(self._forgotten.pop())
        for gone in self._room.tiers.dropped():
            self._room.tree.forget(gone.share, gone.tokens)

    def _forget(self, collection: str) -> None:
        self._room.forget(collection)
        self._popular.forget(collection)
        for one in (*self._running, *(one.writing for one in self._waiting)):
            one.is_kept &= collection not in one.share.split(SHARE_JOINT)

    def _drop_left(self) -> None:
        """Free the places of those that nobody waits for."""
        for one in [one for one in self._running if one.left.is_set()]:
            self._end(one)
            one.finish("cancelled")
        for waiting in [one for one in self._waiting if one.writing.left.is_set()]:
            self._waiting.remove(waiting)
            waiting.writing.finish("cancelled")

    def _admit(self) -> None:
        """Give places, in turn between owners, to those that need not wait for a prefix."""
        if len(self._running) >= self._options.answers or not self._waiting:
            return
        for waiting in self._waiting.in_turn(self._running):
            if len(self._running) >= self._options.answers:
                return
            if self._waiting.must_wait(waiting, self._running):
                continue
            need = waiting.writing.pending - waiting.match.resident
            if self._running and not self._room.can_hold(need, self._running):
                return
            if not self._room.place(waiting.writing, waiting.saved, self._running):
                return
            self._stats.admitted(waiting.writing)
            self._waiting.remove(waiting)
            self._running.append(waiting.writing)

    def _batch(self) -> Batch:
        """Return the next batch: every answer that is written, then prompts as far as they fit."""
        batch = self._written_batch()
        while batch.rows and not self._room.make_room(batch.tokens, self._running):
            if self._gave_way(self._running, "length"):
                return self._batch()
            return Batch()
        reading = [one for one in self._running if not one.is_writing]
        chunk = self._pace.chunk(batch.tokens, len(reading) + len(self._waiting))
        if reading and all(one.ahead for one in reading):
            chunk = min(chunk, _AHEAD_TOKENS)
        chunk = min(chunk, self._context.batch_tokens - batch.tokens) >> self._refusals
        for one in reading:
            size = part(one.pending, chunk)
            if size <= 0 or not self._room.make_room(batch.tokens + size, self._running):
                break
            batch.add(prompt_row(one, size), one)
            chunk -= size
        if not batch.rows and reading:
            self._gave_way(reading, None)
        return batch

    def _gave_way(self, writings: Sequence[Writing], finish: str | None) -> bool:
        """Let the youngest step back; alone, it ends by *finish* or fails. Say if others go on."""
        youngest = max(writings, key=lambda one: one.number)
        if len(self._running) > 1:
            self._step_back(youngest)
            return True
        if finish is None:
            self._fail([youngest], "The KV cache has no room for this prompt.")
        else:
            self._end(youngest)
            youngest.finish(finish)
        return False

    def _written_batch(self) -> Batch:
        """Return the rows of all answers that are written, each with what is drafted for it."""
        batch = Batch()
        running = len(self._running)
        for one in self._running:
            if not one.is_writing:
                continue
            one.draft = draft = self._drafter.draft(one, running)
            tokens = one.with_draft(draft)
            batch.add(Row(one.sequence, one.position, tokens, len(tokens)), one)
        batch.streams = len(batch.rows)
        return batch

    def _step(self, batch: Batch) -> None:
        with self._options.cores.taken(self._options.threads) as threads:
            self._context.set_threads(threads)
            self._outbox.deliver()
            began = time.perf_counter()
            code = self._context.decode(batch.rows)
            decode_s = time.perf_counter() - began
        with self._wake:
            if code != 0:
                self._refused(code, batch)
                return
            self._refusals = 0
            picking_s = self._share_out(batch)
            prompt = sum(len(row.tokens) for row in batch.rows[batch.streams :])
            self._pace.learn(batch.tokens - prompt, prompt, decode_s)
            self._stats.stepped(batch.tokens - prompt, prompt, decode_s, picking_s)
            self._tell_who()

    def _share_out(self, batch: Batch) -> float:
        """Give every answer what the batch has for it; return the seconds spent on picking."""
        at, before = 0, self._stats.picking_s
        for number, (row, writing) in enumerate(zip(batch.rows, batch.writings, strict=True)):
            try:
                if number < batch.streams:
                    self._take_written(writing, at)
                else:
                    writing.position += len(row.tokens)
                    self._room.held(writing)
                    if row.outputs:
                        self._take(writing, [self._pick(writing, at + len(row.tokens) - 1)])
            except EngineError as error:
                self._context.remove(writing.sequence, writing.position)
                self._fail([writing], str(error))
            at += len(row.tokens)
        return self._stats.picking_s - before

    def _take_written(self, writing: Writing, first: int) -> None:
        """Take a written token, and of its draft what the model would have written too."""
        draft = writing.draft
        picked = [self._pick(writing, first)]
        while len(picked) <= len(draft) and picked[-1] == draft[len(picked) - 1]:
            picked.append(self._pick(writing, first + len(picked)))
        writing.position += len(picked)
        if draft:
            self._context.remove(writing.sequence, writing.position)
            self._drafter.learn(writing, len(picked) - 1)
            self._stats.drafted(len(draft), len(picked) - 1)
        self._take(writing, picked)

    def _pick(self, writing: Writing, index: int) -> int:
        began = time.perf_counter()
        token = writing.picker.pick(self._context.logits(index))
        self._stats.picking_s += time.perf_counter() - began
        return token

    def _take(self, writing: Writing, tokens: Sequence[int]) -> None:
        writing.begin()
        for token in tokens:
            self._stats.wrote(writing)
            if writing.take(token, self._context.piece(token), ends=self._context.ends(token)):
                self._end(writing)
                return

    def _refused(self, code: int, batch: Batch) -> None:
        """Go on after a batch that was not read."""
        for row in batch.rows:
            self._context.remove(row.sequence, row.start)
        if code == _ABORTED:
            return
        if code == _NO_ROOM:
            self._make_more_room(batch)
            return
        self._start_afresh(f"llama.cpp could not read the batch (code {code}).")

    def _start_afresh(self, why: str) -> None:
        """Fail the answers at work with a reason and begin with an empty context."""
        self._stats.failures += 1
        failed, self._running = self._running, []
        self._room.lost_everything()
        for one in failed:
            one.sequence = -1
            self._stats.ended(one)
            one.fail(EngineError(why))

    def _make_more_room(self, batch: Batch) -> None:
        """By our account there was room, but the cells lie badly: evict, shrink, then step back."""
        self._refusals += 1
        if self._room.resting:
            free = self._room.free_cells(self._running)
            self._room.make_room(free + self._context.batch_tokens, self._running)
        elif self._refusals > _MOST_REFUSALS:
            self._refusals = 0
            self._gave_way(batch.writings, None)

    def _step_back(self, writing: Writing) -> None:
        """Take an answer's place away; it waits again, with all that it has written."""
        self._stats.preempted += 1
        self._end(writing)
        writing.position = 0
        self._waiting.add(writing)

    def _end(self, writing: Writing) -> None:
        self._running.remove(writing)
        if writing.position > writing.count:
            # A draft went on beyond the end of the answer.
            writing.position = writing.count
            self._context.remove(writing.sequence, writing.position)
        self._room.rest(writing)
        self._stats.ended(writing)

    def _fail(self, writings: Sequence[Writing], why: str) -> None:
        for one in writings:
            self._end(one)
            one.fail(EngineError(why))

    def _end_all(self) -> None:
        self._fail(list(self._running), "The engine is shutting down.")
        for waiting in list(self._waiting):
            self._waiting.remove(waiting)
            waiting.writing.fail(EngineError("The engine is shutting down."))
        until = time.monotonic() + _LAST_SAVES_S
        for sequence in self._room.unsaved(uses=1):
            if time.monotonic() < until:
                self._room.save(sequence)

    def _tell_who(self) -> None:
        self._stats.running, self._stats.waiting = len(self._running), len(self._waiting)
