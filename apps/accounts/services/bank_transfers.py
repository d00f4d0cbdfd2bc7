"""Money that arrived at the bank: one member of staff records it, another lets it in."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.ledger.models import Asset, Owner, Transfer
from apps.accounts.ledger.services import CUSTODY, Leg, ledger_post, platform_owner_get
from apps.accounts.models import BankTransfer, User, WebhookEvent
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.accounts.services.sub_accounts import account_is_closed
from apps.accounts.webhooks.outbox import webhook_event_record


def bank_transfer_propose(
    *, owner: Owner, asset: Asset, amount: int, bank_reference: str, by: User
) -> BankTransfer:
    """Records a transfer that the bank shows, `amount` in micro-units. Nothing moves yet.

    The bank's reference is unique: the same transfer is never recorded twice.
    """
    transfer = BankTransfer(
        owner=owner, asset=asset, amount=amount, bank_reference=bank_reference.strip()
    )
    return bank_transfer_submit(proposal=transfer, by=by)


def bank_transfer_submit(*, proposal: BankTransfer, by: User) -> BankTransfer:
    """The same for a transfer that a form has filled in."""
    if proposal.asset.kind != Asset.Kind.CASH:
        raise ServiceError(_("A bank transfer brings cash. Choose a cash asset."), field="asset")
    if proposal.owner.platform_name is not None:
        raise ServiceError(_("Choose a person or an organisation."), field="owner")
    if proposal.owner.closed_at is not None:
        raise account_is_closed()
    return proposal_create(proposal=proposal, by=by)


def bank_transfer_decide(
    *, proposal: BankTransfer, decision: str, by: User, note: str = ""
) -> BankTransfer:
    """Approved, custody credits the owner in the same transaction, once for ever.

    Raises what `proposal_decide` raises.
    """
    return proposal_decide(proposal=proposal, decision=decision, by=by, note=note, apply=_credit)


def _credit(transfer: BankTransfer) -> None:
    leg = Leg(
        from_owner=platform_owner_get(name=CUSTODY),
        to_owner=transfer.owner,
        asset=transfer.asset,
        amount=transfer.amount,
        kind=Transfer.Kind.BANK,
        reference=transfer.pk,
    )
    ledger_post(legs=[leg])
    webhook_event_record(
        owner=transfer.owner,
        event=WebhookEvent.DEPOSIT,
        data={
            "currency": transfer.asset.code,
            "amount": text_from_micro(transfer.amount),
            "reference": transfer.bank_reference,
        },
    )
