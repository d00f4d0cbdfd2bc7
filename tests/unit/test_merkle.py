"""Trees as OpenZeppelin's library builds them: its own published example, and every size."""

import pytest

from apps.nft.merkle import MerkleTree, leaf_hash, proves

# The example of the library's README.
TYPES = ("address", "uint256")
VALUES = (
    ("0x1111111111111111111111111111111111111111", 5_000_000_000_000_000_000),
    ("0x2222222222222222222222222222222222222222", 2_500_000_000_000_000_000),
)
ROOT = "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"
PROOF = "b92c48e9d7abe27fd8dfd6b5dfdbfb1c9a463f80c712b66f3a5180a090cccafc"


def test_the_root_and_proof_are_those_of_the_library() -> None:
    leaves = [leaf_hash(TYPES, values) for values in VALUES]
    tree = MerkleTree(leaves)
    assert tree.root.hex() == ROOT
    assert [node.hex() for node in tree.proof(leaves[0])] == [PROOF]


@pytest.mark.parametrize("size", range(1, 18))
def test_every_leaf_is_proved_and_nothing_else(size: int) -> None:
    leaves = [leaf_hash(("uint256",), (number,)) for number in range(size)]
    tree = MerkleTree(leaves)
    stranger = leaf_hash(("uint256",), (size,))
    for leaf in leaves:
        assert proves(leaf, tree.proof(leaf), tree.root)
        assert not proves(stranger, tree.proof(leaf), tree.root)
    with pytest.raises(ValueError, match="not in list"):
        tree.proof(stranger)


def test_the_order_of_the_leaves_does_not_matter() -> None:
    leaves = [leaf_hash(("uint256",), (number,)) for number in range(9)]
    assert MerkleTree(leaves).root == MerkleTree(leaves[::-1]).root


def test_a_tree_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        MerkleTree([])
