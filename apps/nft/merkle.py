"""Merkle trees as OpenZeppelin's StandardMerkleTree builds them, so that anybody can check ours.

Leaves are ABI-encoded values, hashed twice (so that no inner node can pass for a leaf), sorted, and
laid out from the end of an array in which the children of `i` are `2i + 1` and `2i + 2`. Pairs are
sorted before they are hashed. Source: https://github.com/OpenZeppelin/merkle-tree
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak


def leaf_hash(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """The hash of a leaf with these values, of these Solidity types."""
    return keccak(keccak(encode(types, values)))


def pair_hash(one: bytes, other: bytes) -> bytes:
    """The hash of a node over two, in whichever order they come."""
    return keccak(min(one, other) + max(one, other))


class MerkleTree:
    """A tree over leaf hashes, which need not be sorted. At least one."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not leaves:
            raise ValueError("a tree has at least one leaf")
        self._nodes = [b""] * (len(leaves) - 1) + sorted(leaves, reverse=True)
        for place in range(len(leaves) - 2, -1, -1):
            left, right = self._nodes[2 * place + 1], self._nodes[2 * place + 2]
            self._nodes[place] = pair_hash(left, right)
        self._first_leaf = len(leaves) - 1

    @property
    def root(self) -> bytes:
        return self._nodes[0]

    def proof(self, leaf: bytes) -> list[bytes]:
        """The hashes beside the way from a leaf up to the root. ValueError for no leaf of it."""
        place = self._nodes.index(leaf, self._first_leaf)
        found = []
        while place > 0:
            sibling = place + 1 if place % 2 else place - 1
            found.append(self._nodes[sibling])
            place = (place - 1) // 2
        return found


def proves(leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf to the root."""
    for sibling in proof:
        leaf = pair_hash(leaf, sibling)
    return leaf == root
