"""From a difference to what is done about it: a block that the registry account shows."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict
from apps.accounts.models import User
from apps.registry.models import CustodyDifference, SerialBlock
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.services.custody import RECEIVED_FROM
from apps.registry.services.splits import block_split


def difference_receivable(difference: CustodyDifference) -> bool:
    """Whether a receipt can be proposed of it: it is extra, and of a block that we may receive."""
    return (
        difference.kind == CustodyDifference.Kind.EXTRA
        and difference.block is not None
        and difference.block.state in RECEIVED_FROM
    )


def difference_block(*, difference: CustodyDifference, by: User) -> SerialBlock:
    """The block of just what a statement has and we do not, split off where it is a part.

    Raises Conflict `not_receivable`, and what `block_split` raises.
    """
    if not difference_receivable(difference):
        raise Conflict(
            _("Nothing can be received of this: %(because)s.")
            % {"because": difference.get_because_display()},
            code="not_receivable",
        )
    assert difference.block is not None, "checked before"
    assert difference.grams is not None, "what lies in a block has addresses"
    block, reason = difference.block, str(difference.statement)
    first = block.start + (difference.grams.lower - block.base) // GRAMS_PER_TONNE
    last = block.start + (difference.grams.upper - block.base) // GRAMS_PER_TONNE - 1
    with transaction.atomic():
        if block.start < first <= block.end:
            block = block_split(block=block, last_serial=first - 1, reason=reason, by=by)
        if block.start <= last < block.end:
            block_split(block=block, last_serial=last, reason=reason, by=by)
            block.refresh_from_db()
    if (block.start, block.end) != (first, last):
        raise Conflict(
            _("The blocks have changed since. Compare the statement again."),
            code="not_receivable",
        )
    return block
