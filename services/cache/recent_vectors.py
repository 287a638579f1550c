"""Vectors of texts that come again and again, such as the sentences of a much asked passage.

A vector follows from its text alone, so it may be kept whoever reads the text: who asks for it has
the text already.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


class RecentVectors:
    """Keeps the *most* last used vectors by text. Several threads may ask; one at a time embeds,
    so that many who ask for the same embed it once.
    """

    def __init__(
        self, embed: Callable[[Sequence[str]], Sequence[NDArray[np.float32]]], most: int
    ) -> None:
        self._embed = embed
        self._most = most
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the vectors of *texts* in their order."""
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._kept]
            if new:
                self._kept.update(zip(new, self._embed(new), strict=True))
            for text in texts:
                self._kept.move_to_end(text)
            found = [self._kept[text] for text in texts]
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
