"""Real credits coming into our custody: one member of staff records it, another lets it in."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.models import Owner, Transfer
from apps.accounts.ledger.services import CUSTODY, HOUSE, Leg, ledger_post, platform_owner_get
from apps.accounts.models import User
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.registry.models import CreditEvent, CustodyReceipt, RegistryEntry, SerialBlock, Span
from apps.registry.services.credit_classes import credit_class_ensure
from apps.registry.services.splits import block_lock

# Two that propose the same block at once would each wait for the other's row. The block's own lock
# would not do: a decision takes it while it holds a receipt.
_LOCK_PROPOSALS: Final = "SELECT pg_advisory_xact_lock(hashtext('registry_custody_receipt'))"

# What was withdrawn may come back, as anything else comes: by a receipt.
RECEIVED_FROM = frozenset({SerialBlock.State.ISSUED, SerialBlock.State.WITHDRAWN})


def custody_receipt_propose(
    *, block: SerialBlock, owner: Owner, registry_reference: str, by: User
) -> CustodyReceipt:
    """Records that a block arrived in our registry account, for `owner`. Nothing moves yet.

    `registry_reference` is the registry's own, as in its statement. Raises what
    `custody_receipt_submit` raises.
    """
    receipt = CustodyReceipt(
        block=block, owner=owner, registry_reference=registry_reference.strip()
    )
    return custody_receipt_submit(proposal=receipt, by=by)


def custody_receipt_submit(*, proposal: CustodyReceipt, by: User) -> CustodyReceipt:
    """The same for a receipt that a form has filled in.

    Raises NotPermitted, ServiceError `invalid_proposal`, Conflict `block_not_available`.
    """
    if proposal.owner.platform_name not in (None, HOUSE):
        raise ServiceError(_("Choose a person or an organisation."), field="owner")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_PROPOSALS)
        _check_available(proposal.block)
        proposal.grams = addresses_of(proposal.block)
        return proposal_create(proposal=proposal, by=by)


def custody_receipt_decide(
    *, proposal: CustodyReceipt, decision: str, by: User, note: str = ""
) -> CustodyReceipt:
    """Approved, the block is immobilised and its grams are the owner's, once for ever.

    Raises what `proposal_decide` raises, and Conflict `block_not_available`.
    """
    return proposal_decide(
        proposal=proposal, decision=decision, by=by, note=note, apply=_immobilise
    )


def addresses_of(block: SerialBlock) -> NumericRange:
    """The gram addresses of a block."""
    return NumericRange(block.base, block.base + block.grams)


def _immobilise(receipt: CustodyReceipt) -> None:
    block = block_lock(block=receipt.block)
    _check_available(block)
    if (receipt.grams.lower, receipt.grams.upper) != (block.base, block.base + block.grams):
        raise Conflict(
            _("The block was split after this was proposed. Reject it, and propose its parts."),
            code="block_not_available",
        )
    credit_class = credit_class_ensure(project=block.vintage.project, year=block.vintage.year)
    block.state = SerialBlock.State.IMMOBILISED
    block.save(update_fields=["state"])
    # What was withdrawn and comes back is free again; its events keep the history.
    Span.objects.filter(block=block, state=Span.State.WITHDRAWN).delete()
    leg = Leg(
        from_owner=platform_owner_get(name=CUSTODY),
        to_owner=receipt.owner,
        asset=credit_class.asset,
        amount=block.grams,
        kind=Transfer.Kind.CUSTODY,
        reference=receipt.pk,
    )
    ledger_post(legs=[leg])
    CreditEvent.objects.create(
        block=block,
        grams=addresses_of(block),
        kind=CreditEvent.Kind.RECEIVED,
        reference=receipt.registry_reference[:120],
        at=timezone.now(),
    )


def _check_available(block: SerialBlock) -> None:
    if RegistryEntry.objects.filter(grams__overlap=addresses_of(block)).exists():
        raise Conflict(
            _(
                "The registry reported serial numbers of this block as retired or cancelled. "
                "Receive the block that the registry account shows."
            ),
            code="block_not_available",
        )
    if block.state not in RECEIVED_FROM:
        raise Conflict(
            _("This block cannot be received: %(state)s.") % {"state": block.get_state_display()},
            code="block_not_available",
        )
