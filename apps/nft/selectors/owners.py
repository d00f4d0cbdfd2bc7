"""Who on the ledger an address or a tag on chain stands for."""

from __future__ import annotations

import uuid

from django.db.models import Q

from apps.accounts.models import Owner
from apps.accounts.selectors import owner_of_wallet

__all__ = ["account_tag", "owner_of_tag", "owner_of_wallet"]


def account_tag(owner: Owner) -> str:
    """The 32 bytes, 0x hex, by which a redemption on chain names a ledger account.

    The UUID of the person, organisation or sub-account in the lower half: a slip of a digit names
    nobody.
    """
    return "0x" + (bytes(16) + _public_id(owner).bytes).hex()


def owner_of_tag(tag: str) -> Owner | None:
    """The owner a tag names; None for none, an unknown one, or zero."""
    raw = bytes.fromhex(tag.removeprefix("0x"))
    if any(raw[:16]) or not any(raw):
        return None
    key = uuid.UUID(bytes=raw[16:])
    named = Q(user__public_id=key) | Q(organisation__public_id=key, parent=None) | Q(public_id=key)
    return Owner.objects.filter(named).first()


def _public_id(owner: Owner) -> uuid.UUID:
    if owner.public_id is not None:
        return owner.public_id
    holder = owner.user or owner.organisation
    assert holder is not None, "the platform redeems nothing to itself"
    return holder.public_id
