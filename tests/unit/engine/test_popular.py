"""Which beginnings of prompts are worth reading ahead."""

import numpy as np

from services.engine.popular import Popular
from services.engine.prefix_tree import SHARE_JOINT, Tokens


def tokens(first: int) -> Tokens:
    return np.arange(first, first + 5, dtype=np.int32)


def none_at_hand(_share: str, _tokens: Tokens) -> bool:
    return False


def test_the_most_used_that_is_not_at_hand_is_wanted() -> None:
    popular = Popular()
    for first, uses in ((10, 3), (20, 5), (30, 2)):
        for _ in range(uses):
            popular.count("a", tokens(first))

    first_wanted = popular.wanted(none_at_hand)
    then_wanted = popular.wanted(lambda _share, known: int(known[0]) == 20)
    last_wanted = popular.wanted(lambda _share, known: int(known[0]) in {10, 20})

    assert first_wanted is not None
    assert first_wanted[1].tolist() == tokens(20).tolist()
    assert then_wanted is not None
    assert then_wanted[1].tolist() == tokens(10).tolist()
    assert last_wanted is None


def test_those_of_a_collection_are_forgotten_with_it() -> None:
    popular = Popular()
    for share in ("a", SHARE_JOINT.join("ab"), "b"):
        for _ in range(3):
            popular.count(share, tokens(1))

    popular.forget("a")

    assert popular.wanted(none_at_hand) is not None
    popular.forget("b")
    assert popular.wanted(none_at_hand) is None
