"""Balances as sum trees: those of the moment, and the proofs of one owner's share of a day."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from django.db import connection
from eth_utils.crypto import keccak

from apps.accounts.ledger.services import CUSTODY
from apps.accounts.models import Asset, Balance, Owner
from apps.nft.models import BalanceLeaf, DayAnchor
from apps.nft.selectors.anchors import proof_of
from apps.nft.selectors.owners import account_tag
from apps.nft.sum_tree import Node, SumTree, leaf_node

KIND: Final = "balances"
ROWS_AT_ONCE: Final = 10_000
TREES_KEPT: Final = 4

UNEQUAL: Final = """
SELECT t.id, t.total, (SELECT coalesce(sum(amount), 0) FROM nft_balanceleaf WHERE tree_id = t.id),
       (SELECT (content::json->>'micro')::numeric FROM nft_anchorleaf l
        WHERE l.anchor_id = t.anchor_id AND l.kind = 'supply' AND l.name = a.code)
FROM nft_balancetree t JOIN accounts_asset a ON a.id = t.asset_id ORDER BY t.id
"""


class LiabilitiesUnequal(Exception):
    """The balances of an asset are not what custody issued: nothing is fixed until they are."""


@dataclass(frozen=True, slots=True)
class AssetBalances:
    """All that is owed of one asset; unsaved leaves in the order of the tree."""

    asset: Asset
    root: Node
    leaves: list[BalanceLeaf]


@dataclass(frozen=True, slots=True)
class Share:
    """What one owner was owed of one asset, and all it takes to check that. Hashes are 0x hex."""

    asset: Asset
    amount: int
    body: dict[str, Any]


def account_of(owner: Owner) -> bytes:
    """The 32 bytes that stand for an owner in a leaf: as on chain, or a platform's name hashed."""
    if owner.platform_name:
        return bytes(keccak(owner.platform_name.encode()))
    return bytes.fromhex(account_tag(owner).removeprefix("0x"))


def balances_now() -> list[AssetBalances]:
    """A tree for each asset of which somebody owns something. Call it inside one snapshot.

    Raises LiabilitiesUnequal.
    """
    issued = {
        balance.asset_id: -balance.total
        for balance in Balance.objects.filter(owner__platform_name=CUSTODY)
    }
    owed = Balance.objects.filter(is_custody=False).exclude(available=0, held=0)
    rows = owed.select_related("asset", "owner__user", "owner__organisation")
    found = []
    of_assets = groupby(
        rows.order_by("asset__code", "pk").iterator(ROWS_AT_ONCE), key=lambda row: row.asset
    )
    for asset, balances in of_assets:
        made = _tree_of(asset, balances)
        if made.root.total != issued.pop(asset.pk, 0):
            raise LiabilitiesUnequal(f"{asset.code}: {made.root.total} owed, not what was issued")
        found.append(made)
    if any(issued.values()):
        raise LiabilitiesUnequal("something was issued that nobody owns")
    return found


def shares_of(anchor: DayAnchor, owner: Owner) -> list[Share]:
    """What the day's trees say of the owner, by asset, with proofs up to the day's root."""
    found = BalanceLeaf.objects.filter(tree__anchor=anchor, owner=owner)
    rows = found.select_related("tree__asset", "owner__user", "owner__organisation")
    return [_share(anchor, leaf) for leaf in rows.order_by("tree__asset__code")]


def trees_equal_their_leaves() -> Iterator[str]:
    """The balances of a fixed day add up to its tree's total, and to the supply beside it."""
    with connection.cursor() as cursor:
        cursor.execute(UNEQUAL)
        for tree, total, leaves, supply in cursor.fetchall():
            if not total == leaves == supply:
                yield f"tree of balances {tree}: {total}, leaves {leaves}, supply {supply}"


def _tree_of(asset: Asset, balances: Iterator[Balance]) -> AssetBalances:
    salted = []
    for balance in balances:
        salt = secrets.token_bytes(32)
        leaf = BalanceLeaf(owner=balance.owner, salt=salt, amount=balance.total)
        salted.append((_node(leaf), leaf))
    # By their hashes, which are salted: a place says nothing of whose it is.
    salted.sort(key=lambda pair: pair[0].hash)
    for place, (_hash, leaf) in enumerate(salted):
        leaf.place = place
    tree = SumTree([node for node, _leaf in salted])
    return AssetBalances(asset, tree.root, [leaf for _node, leaf in salted])


def _node(leaf: BalanceLeaf) -> Node:
    account = account_of(leaf.owner)
    return leaf_node(salt=bytes(leaf.salt), account=account, amount=leaf.amount)


@lru_cache(maxsize=TREES_KEPT)
def _tree(tree_id: int, root: str) -> SumTree:
    """A day's tree never changes, and many ask for the same days."""
    leaves = BalanceLeaf.objects.filter(tree=tree_id).order_by("place")
    rows = leaves.select_related("owner__user", "owner__organisation").iterator(ROWS_AT_ONCE)
    tree = SumTree([_node(leaf) for leaf in rows])
    assert _hex(tree.root.hash) == root, "leaves are never changed"
    return tree


def _share(anchor: DayAnchor, leaf: BalanceLeaf) -> Share:
    asset = leaf.tree.asset
    steps = _tree(leaf.tree_id, leaf.tree.root).proof(leaf.place)
    record = proof_of(anchor, kind=KIND, name=asset.code)
    assert record is not None, "every tree is named by the record of its day"
    body = {
        "asset": asset.code,
        "account": _hex(account_of(leaf.owner)),
        "salt": _hex(bytes(leaf.salt)),
        "micro": leaf.amount,
        "proof": [
            {
                "side": "left" if step.is_left else "right",
                "hash": _hex(step.sibling.hash),
                "micro": step.sibling.total,
            }
            for step in steps
        ],
        "record": {
            "content": record.leaf.content,
            "proof": record.proof,
            "day": anchor.day,
            "root": anchor.root,
        },
    }
    return Share(asset, leaf.amount, body)


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
