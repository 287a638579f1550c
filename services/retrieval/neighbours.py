"""Passages that follow one another in a document, joined again."""

from collections.abc import Sequence

from services.domain.passages import Found


def joined(found: Sequence[Found]) -> list[list[Found]]:
    """Return the passages in groups: neighbours in one document together, in its order.

    A group stands where its best passage stood.
    """
    at = {(one.passage.document_id, one.passage.ordinal): i for i, one in enumerate(found)}
    taken: set[int] = set()
    groups = []
    for i, one in enumerate(found):
        if i in taken:
            continue
        run = [i]
        for step in (-1, 1):
            ordinal = one.passage.ordinal + step
            while (next_to := at.get((one.passage.document_id, ordinal))) is not None:
                run.append(next_to)
                ordinal += step
        run = [j for j in run if j not in taken]
        taken.update(run)
        groups.append(sorted((found[j] for j in run), key=lambda each: each.passage.ordinal))
    return groups
