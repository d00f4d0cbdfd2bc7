"""Merkle sum trees: a root that fixes who is owed what, and how much that is together.

A leaf is the hash of an owner's salted hash and an amount. A node's hash covers both children's
hashes and both children's sums, each by itself: a sum that was written smaller above than below
changes the hash. Where a row of nodes is odd, its last goes up as it is; no node counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

# Above what a column can hold; sums stay far below what 32 bytes can.
SUM_END: Final = 2**128


@dataclass(frozen=True, slots=True)
class Node:
    """A hash, and the sum of the amounts below it in micro-units."""

    hash: bytes
    total: int


@dataclass(frozen=True, slots=True)
class Step:
    """What stands beside the way up, and on which side."""

    sibling: Node
    is_left: bool


def leaf_node(*, salt: bytes, account: bytes, amount: int) -> Node:
    """A leaf: `keccak(keccak(keccak(salt, account), amount))`, of 32 bytes each."""
    owner = keccak(salt + account)
    return Node(keccak(keccak(owner + _word(amount))), amount)


def node_over(left: Node, right: Node) -> Node:
    """The node over two: `keccak(left hash, left sum, right hash, right sum)`, 32 bytes each."""
    words = (left.hash, _word(left.total), right.hash, _word(right.total))
    return Node(keccak(b"".join(words)), left.total + right.total)


class SumTree:
    """A tree over leaves, in their order. At least one."""

    def __init__(self, leaves: Sequence[Node]) -> None:
        if not leaves:
            raise ValueError("a tree has at least one leaf")
        self._rows = [list(leaves)]
        while len(below := self._rows[-1]) > 1:
            above = [node_over(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)]
            self._rows.append(above + below[len(above) * 2 :])

    @property
    def root(self) -> Node:
        return self._rows[-1][0]

    def proof(self, place: int) -> list[Step]:
        """The steps from the leaf at `place` up to the root."""
        found = []
        for row in self._rows[:-1]:
            beside = place ^ 1
            if beside < len(row):
                found.append(Step(row[beside], is_left=beside < place))
            place //= 2
        return found


def holds(leaf: Node, proof: Sequence[Step], root: Node) -> bool:
    """Whether the proof leads from the leaf to the root, with no sum below zero on the way."""
    try:
        for step in proof:
            pair = (step.sibling, leaf) if step.is_left else (leaf, step.sibling)
            leaf = node_over(*pair)
    except ValueError:
        return False
    return leaf == root


def _word(amount: int) -> bytes:
    if not 0 <= amount < SUM_END:
        raise ValueError("an amount is not negative, and below 2^128")
    return amount.to_bytes(32, "big")
