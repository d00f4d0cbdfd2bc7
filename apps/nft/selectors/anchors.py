"""Days that were fixed on chain, and proofs that something is in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from apps.nft.merkle import MerkleTree
from apps.nft.models import AnchorLeaf, Contract, DayAnchor

TREES_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What leads from a leaf to the root of its day. Hashes are 0x hex."""

    anchor: DayAnchor
    leaf: AnchorLeaf
    leaf_hash: str
    proof: list[str]


def anchors_latest() -> QuerySet[DayAnchor]:
    """The days of the configured chain, the newest first."""
    found = DayAnchor.objects.filter(chain_id=settings.CHAIN_ID)
    return found.prefetch_related("transactions").order_by("-day")


def anchor_of_day(day: date) -> DayAnchor | None:
    """The day, if it has been recorded."""
    return anchors_latest().filter(day=day).first()


def anchor_contract() -> Contract | None:
    """Where days are fixed, once it is deployed."""
    return Contract.objects.filter(chain_id=settings.CHAIN_ID, name="Anchor").first()


@lru_cache(maxsize=TREES_KEPT)
def _tree(anchor_id: int, root: str) -> MerkleTree:
    """A day's tree never changes, and many ask for the same days."""
    tree = MerkleTree([leaf.hash for leaf in AnchorLeaf.objects.filter(anchor=anchor_id)])
    assert "0x" + tree.root.hex() == root, "leaves are never changed"
    return tree


def proof_of(anchor: DayAnchor, *, kind: str, name: str) -> Proof | None:
    """The proof of one leaf; None where the day has no such leaf."""
    wanted = anchor.leaves.filter(kind=kind, name=name).first()
    if wanted is None:
        return None
    tree = _tree(anchor.pk, anchor.root)
    return Proof(
        anchor=anchor,
        leaf=wanted,
        leaf_hash="0x" + wanted.hash.hex(),
        proof=["0x" + node.hex() for node in tree.proof(wanted.hash)],
    )
