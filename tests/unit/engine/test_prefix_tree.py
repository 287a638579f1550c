"""The tree of prefixes, against a list of what each sequence holds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.engine.prefix_tree import PrefixTree, Tokens, common


def run(*tokens: int) -> Tokens:
    return np.array(tokens, dtype=np.int32)


def test_a_match_may_end_inside_an_edge() -> None:
    tree = PrefixTree()
    tree.hold(1, "", run(1, 2, 3, 4, 5))

    match = tree.match("", run(1, 2, 3, 9, 9))

    assert (match.resident, match.holder) == (3, 1)


def test_a_shared_prefix_is_counted_once() -> None:
    tree = PrefixTree()
    tree.hold(1, "", run(1, 2, 3, 4))
    tree.hold(2, "", run(1, 2, 7))

    assert tree.cells == 5
    assert tree.release(1) == 2
    assert tree.match("", run(1, 2, 3, 4)).resident == 2


def test_shares_never_meet() -> None:
    tree = PrefixTree()
    tree.hold(1, "a", run(1, 2, 3))

    assert tree.match("b", run(1, 2, 3)).resident == 0


def test_a_saved_state_serves_a_prompt_that_leaves_it_early() -> None:
    tree = PrefixTree()
    tree.save("", run(1, 2, 3, 4, 5), "state")

    match = tree.match("", run(1, 2, 3, 8))
    tree.forget("", run(1, 2, 3, 4, 5))

    assert (match.stored, match.name, match.resident) == (3, "state", 0)
    assert tree.match("", run(1, 2, 3)).name is None


texts = st.lists(st.integers(0, 2), min_size=1, max_size=8).map(lambda found: run(*found))
acts = st.lists(st.tuples(st.sampled_from(["hold", "release"]), st.integers(0, 4), texts))


@given(acts)
def test_it_knows_what_a_list_of_sequences_knows(steps: list[tuple[str, int, Tokens]]) -> None:
    tree, held = PrefixTree(), dict[int, Tokens]()
    for act, sequence, text in steps:
        before = held.pop(sequence, None)
        if act == "release" or before is None:
            tree.release(sequence)
        if act == "hold":
            # A sequence only ever grows; another text needs it released first.
            if before is not None and common(before, text) < len(before):
                tree.release(sequence)
            longer = before if before is not None and common(before, text) == len(text) else text
            tree.hold(sequence, "", longer)
            held[sequence] = longer
        prefixes = {tuple(one[: i + 1]) for one in held.values() for i in range(len(one))}
        assert tree.cells == len(prefixes)
        best = max((common(one, text) for one in held.values()), default=0)
        match = tree.match("", text)
        assert match.resident == best
        if match.holder is not None:
            assert common(held[match.holder], text) >= best
        for one, tokens in held.items():
            assert np.array_equal(tree.tokens(one), tokens)
