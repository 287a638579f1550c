"""A token-exact tree of the prefixes whose KV is at hand, in the context or in a tier below it.

A node's edge is a run of tokens; it is split where two prompts part, also inside an edge. A node
knows which sequences of the context hold the cells of the whole way to its end: whoever holds a
node holds its parents too. So the cells in use are the lengths of all edges that somebody holds.
One thread changes the tree; others only ask, under the scheduler's lock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Tokens: TypeAlias = NDArray[np.int32]

_NONE = np.zeros(0, dtype=np.int32)
# A share names the collections that its askers may read, joined by this.
SHARE_JOINT = ","


@dataclass(eq=False, slots=True)
class Node:
    """The end of a run of tokens; `end` counts them from the root."""

    edge: Tokens
    end: int
    parent: "Node | None" = None
    children: dict[int, "Node"] = field(default_factory=dict)
    holders: set[int] = field(default_factory=set)
    stored: str | None = None

    @property
    def start(self) -> int:
        """Where its edge begins."""
        return self.end - len(self.edge)


@dataclass(frozen=True, slots=True)
class Match:
    """What is at hand for a prompt: `resident` tokens of it in sequence `holder`, and `stored`
    tokens of it in the saved state called `name`.
    """

    resident: int = 0
    holder: int | None = None
    stored: int = 0
    name: str | None = None


def common(one: Tokens, other: Tokens) -> int:
    """Return how many tokens two runs share at their beginning."""
    size = min(len(one), len(other))
    differ = np.flatnonzero(one[:size] != other[:size])
    return int(differ[0]) if len(differ) else size


class PrefixTree:
    """Prefixes by *share*: prompts of different shares never meet."""

    def __init__(self) -> None:
        self._roots: dict[str, Node] = {}
        self._leaf: dict[int, Node] = {}
        self._share: dict[int, str] = {}
        self.cells = 0

    def match(self, share: str, tokens: Tokens) -> Match:
        """Return the longest prefix of *tokens* in the context, and the longest that is saved."""
        way = self._way(share, tokens)
        resident = next(((node, at) for node, at in reversed(way) if node.holders), None)
        found = Match() if resident is None else Match(resident[1], min(resident[0].holders))
        for node, at in reversed(way):
            name = next((one.stored for one in _below(node) if one.stored is not None), None)
            if name is not None:
                return Match(found.resident, found.holder, at, name)
        return found

    def hold(self, sequence: int, share: str, tokens: Tokens) -> None:
        """Note that *sequence* holds the cells of all *tokens*; it may have held fewer before."""
        leaf = self._leaf.get(sequence)
        if leaf is not None and leaf.end == len(tokens):
            return
        if leaf is not None and leaf.end < len(tokens) and self._grow(leaf, sequence, tokens):
            return
        node = self._insert(share, tokens)
        self._leaf[sequence] = node
        self._share[sequence] = share
        way: Node | None = node
        while way is not None and sequence not in way.holders:
            if not way.holders:
                self.cells += len(way.edge)
            way.holders.add(sequence)
            way = way.parent

    def share_of(self, sequence: int) -> str:
        """Return whose prefixes *sequence* belongs to."""
        return self._share[sequence]

    def length(self, sequence: int) -> int:
        """Return how many tokens *sequence* holds."""
        leaf = self._leaf.get(sequence)
        return 0 if leaf is None else leaf.end

    def unique(self, sequence: int) -> int:
        """Return how many cells nobody but *sequence* holds."""
        node, cells = self._leaf.get(sequence), 0
        while node is not None and node.holders == {sequence}:
            cells += len(node.edge)
            node = node.parent
        return cells

    def contains(self, sequence: int, other: int) -> bool:
        """Say whether *sequence* holds all that *other* holds."""
        leaf = self._leaf.get(other)
        return sequence != other and leaf is not None and sequence in leaf.holders

    def cells_of(self, sequences: set[int]) -> int:
        """Return how many cells these sequences hold together."""
        seen: set[Node] = set()
        for sequence in sequences:
            node = self._leaf.get(sequence)
            while node is not None and node not in seen:
                seen.add(node)
                node = node.parent
        return sum(len(node.edge) for node in seen)

    def tokens(self, sequence: int) -> Tokens:
        """Return the tokens that *sequence* holds."""
        return _path(self._leaf[sequence])

    def release(self, sequence: int) -> int:
        """Let *sequence* go; return how many cells that frees."""
        node = self._leaf.pop(sequence, None)
        self._share.pop(sequence, None)
        before = self.cells
        while node is not None:
            node.holders.discard(sequence)
            if not node.holders:
                self.cells -= len(node.edge)
            parent = node.parent
            self._prune(node)
            node = parent
        return before - self.cells

    def save(self, share: str, tokens: Tokens, name: str) -> None:
        """Note that the state of *tokens* is saved under *name*."""
        self._insert(share, tokens).stored = name

    def is_saved(self, sequence: int) -> bool:
        """Say whether a saved state covers all that *sequence* holds."""
        return any(node.stored is not None for node in _below(self._leaf[sequence]))

    def forget(self, share: str, tokens: Tokens) -> None:
        """Note that the saved state of *tokens* is gone."""
        way = self._way(share, tokens)
        if way and way[-1][1] == len(tokens) == way[-1][0].end:
            way[-1][0].stored = None
            self._prune(way[-1][0])

    def unsave(self, collection: str) -> list[str]:
        """Forget the saved states of all who read *collection*; return their names."""
        names: list[str] = []
        for share, root in self._roots.items():
            if collection in share.split(SHARE_JOINT):
                for node in list(_below(root)):
                    if node.stored is not None:
                        names.append(node.stored)
                        node.stored = None
                        self._prune(node)
        return names

    def clear_holders(self) -> None:
        """Note that the context lost all its cells."""
        for sequence in list(self._leaf):
            self.release(sequence)

    def _way(self, share: str, tokens: Tokens) -> list[tuple[Node, int]]:
        """Return the nodes that *tokens* pass, each with how many tokens they share up to it."""
        node, way = self._roots.get(share), []
        while node is not None and node.end < len(tokens):
            child = node.children.get(int(tokens[node.end]))
            if child is None:
                break
            same = node.end + common(child.edge, tokens[node.end :])
            way.append((child, same))
            if same < child.end:
                break
            node = child
        return way

    def _grow(self, leaf: Node, sequence: int, tokens: Tokens) -> bool:
        """Lengthen a leaf that is *sequence*'s alone; False if it is not."""
        is_alone = leaf.parent is not None and leaf.holders == {sequence}
        if not is_alone or leaf.children or leaf.stored is not None:
            return False
        more = tokens[leaf.end :]
        leaf.edge = np.concatenate((leaf.edge, more))
        leaf.end += len(more)
        self.cells += len(more)
        return True

    def _insert(self, share: str, tokens: Tokens) -> Node:
        node = self._roots.setdefault(share, Node(_NONE, 0))
        while node.end < len(tokens):
            child = node.children.get(int(tokens[node.end]))
            if child is None:
                child = Node(tokens[node.end :].copy(), len(tokens), node)
                node.children[int(child.edge[0])] = child
                return child
            same = common(child.edge, tokens[node.end :])
            node = child if same == len(child.edge) else self._split(child, same)
        return node

    @staticmethod
    def _split(node: Node, at: int) -> Node:
        """Cut an edge after *at* tokens; return the new node in the middle."""
        parent = node.parent
        assert parent is not None  # noqa: S101 - the root has no edge to split
        upper = Node(node.edge[:at].copy(), node.start + at, parent, holders=set(node.holders))
        parent.children[int(upper.edge[0])] = upper
        node.edge = node.edge[at:].copy()
        node.parent = upper
        upper.children[int(node.edge[0])] = node
        return upper

    def _prune(self, node: Node) -> None:
        """Take away nodes that nobody needs, upwards."""
        while not (node.holders or node.children or node.stored is not None):
            parent = node.parent
            if parent is None:
                break
            del parent.children[int(node.edge[0])]
            node = parent


def _path(node: Node) -> Tokens:
    parts: list[Tokens] = []
    way: Node | None = node
    while way is not None:
        parts.append(way.edge)
        way = way.parent
    return np.concatenate(parts[::-1])


def _below(node: Node) -> Iterator[Node]:
    """Yield *node* and all that continue it, nearest first."""
    level = [node]
    while level:
        yield from level
        level = [child for one in level for child in one.children.values()]
