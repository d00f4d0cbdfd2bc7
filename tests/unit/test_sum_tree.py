"""Sum trees: every share is proved, and none that was changed; two ways of hashing agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ccmarket_client.keccak import keccak256
from eth_utils.crypto import keccak
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.nft.sum_tree import Node, Step, SumTree, holds, leaf_node

AMOUNTS = st.lists(st.integers(1, 2**63 - 1), min_size=2, max_size=40)


def leaf(number: int, amount: int) -> Node:
    return leaf_node(salt=bytes([number]) * 32, account=bytes(31) + bytes([number]), amount=amount)


def leaves(amounts: list[int]) -> list[Node]:
    return [leaf(number, amount) for number, amount in enumerate(amounts)]


@given(AMOUNTS)
def test_every_leaf_is_proved_and_the_root_has_the_sum(amounts: list[int]) -> None:
    nodes = leaves(amounts)
    tree = SumTree(nodes)
    assert tree.root.total == sum(amounts)
    for place, node in enumerate(nodes):
        assert holds(node, tree.proof(place), tree.root)


@given(AMOUNTS, st.data())
def test_another_amount_or_total_is_not_proved(amounts: list[int], data: st.DataObject) -> None:
    tree = SumTree(leaves(amounts))
    place = data.draw(st.integers(0, len(amounts) - 1))
    other = data.draw(st.integers(0, 2**63 - 1))
    proof = tree.proof(place)
    assume(other != amounts[place])
    assert not holds(leaf(place, other), proof, tree.root)
    # The amount alone, under the hash of the true one.
    assert not holds(Node(leaf(place, amounts[place]).hash, other), proof, tree.root)
    assert not holds(leaf(place, amounts[place]), proof, replace(tree.root, total=other))


@given(AMOUNTS, st.data())
def test_a_changed_step_is_not_proved(amounts: list[int], data: st.DataObject) -> None:
    nodes = leaves(amounts)
    tree = SumTree(nodes)
    place = data.draw(st.integers(0, len(amounts) - 1))
    proof = tree.proof(place)
    at = data.draw(st.integers(0, len(proof) - 1))
    step = proof[at]
    shift = data.draw(st.integers(-(2**63), 2**63).filter(bool))
    changes = [
        replace(step, is_left=not step.is_left),
        replace(step, sibling=replace(step.sibling, total=step.sibling.total + shift)),
        replace(step, sibling=replace(step.sibling, total=-step.sibling.total)),
        replace(step, sibling=replace(step.sibling, hash=bytes(32))),
    ]
    for change in changes:
        assert not holds(nodes[place], [*proof[:at], change, *proof[at + 1 :]], tree.root)
    assert not holds(nodes[place], proof[:at] + proof[at + 1 :], tree.root)


def test_steps_in_another_order_are_not_proved() -> None:
    nodes = leaves([1, 2, 3, 4])
    tree = SumTree(nodes)
    assert holds(nodes[1], tree.proof(1), tree.root)
    assert not holds(nodes[1], tree.proof(1)[::-1], tree.root)


def test_a_negative_sum_hides_nothing() -> None:
    """What a company that owes too much would do: a sibling below zero."""
    mine = leaf(1, 5)
    with pytest.raises(ValueError, match="not negative"):
        leaf(2, -3)
    debt = Step(Node(bytes(32), -3), is_left=False)
    assert not holds(mine, [debt], Node(bytes(32), 2))


def test_the_last_of_an_odd_row_counts_once() -> None:
    nodes = leaves([1, 2, 3])
    tree = SumTree(nodes)
    assert tree.root.total == 6
    [step] = tree.proof(2)
    assert (step.is_left, step.sibling.total) == (True, 3)


def test_a_tree_of_one_is_its_leaf_and_one_of_nothing_is_refused() -> None:
    alone = leaf(1, 7)
    assert (SumTree([alone]).root, SumTree([alone]).proof(0)) == (alone, [])
    with pytest.raises(ValueError, match="at least one"):
        SumTree([])


@given(st.binary(max_size=300))
def test_the_client_hashes_as_we_do(data: bytes) -> None:
    assert keccak256(data) == keccak(data)
