"""Concurrent questions answered together: one pass over the rows serves all that wait."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

_MOST = 64
# Who opens an index need not close it: its thread ends when nobody has asked for so long.
_IDLE_S = 10.0

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class Gathering(Generic[Asked, Told]):
    """One thread that answers whatever has come in since its last turn.

    A question that comes alone is answered alone, at once: nobody waits for company. `answer`
    returns an answer for each question, or raises for all of them. The thread starts with a
    question and ends when there have been none for a while.
    """

    def __init__(self, name: str, answer: Callable[[Sequence[Asked]], Sequence[Told]]) -> None:
        self._name = name
        self._answer = answer
        self._waiting: SimpleQueue[tuple[Asked, Future[Told]]] = SimpleQueue()
        self._coming = threading.Lock()
        self._is_running = False
        self.rounds = 0

    def ask(self, question: Asked) -> Told:
        """Return the answer; raise what answering raised."""
        future: Future[Told] = Future()
        with self._coming:
            self._waiting.put((question, future))
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future.result()

    def _work(self) -> None:
        while batch := self._batch():
            self.rounds += 1
            self._tell(batch)

    def _batch(self) -> list[tuple[Asked, Future[Told]]]:
        """Return what waits, at least one; nothing if nobody came for a while: the thread ends."""
        try:
            batch = [self._waiting.get(timeout=_IDLE_S)]
        except Empty:
            with self._coming:
                self._is_running = not self._waiting.empty()
                return [self._waiting.get()] if self._is_running else []
        while len(batch) < _MOST and not self._waiting.empty():
            batch.append(self._waiting.get())
        return batch

    def _tell(self, batch: Sequence[tuple[Asked, Future[Told]]]) -> None:
        try:
            answers = self._answer([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001  (whoever asked gets it)
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), told in zip(batch, answers, strict=True):
            future.set_result(told)
