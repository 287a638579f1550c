"""Batches of texts of like length, as large as memory and caches like them."""

from collections.abc import Sequence

# A batch's longest text is at most a quarter longer than its shortest, or this many tokens: what is
# shorter is filled up, and filling costs as much as text.
_STRETCH, _SLACK = 1.25, 4


def packed(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Return batches of indexes into *lengths* (tokens), shortest first.

    A batch takes at most *budget* tokens with what it is filled up by; a longer text is alone.
    """
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches and _fits(lengths, batches[-1], i, budget):
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


def _fits(lengths: Sequence[int], batch: Sequence[int], i: int, budget: int) -> bool:
    within = lengths[i] <= _STRETCH * lengths[batch[0]] + _SLACK
    return within and (len(batch) + 1) * lengths[i] <= budget
