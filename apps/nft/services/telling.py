"""Webhooks hear how what was asked of the bridge ended, and what came."""

from __future__ import annotations

from apps.accounts.amounts import text_from_micro
from apps.accounts.models import WebhookEvent
from apps.accounts.webhooks.outbox import webhook_event_record
from apps.nft.models import BridgeIntent, CoinDeposit, CoinWithdrawal


def mint_tell(*, intent: BridgeIntent, event: WebhookEvent, **facts: str) -> None:
    """Inside the transaction that ends the intent."""
    webhook_event_record(
        owner=intent.owner,
        event=event,
        data={
            "id": intent.public_id,
            "credit_class": intent.credit_class.code,
            "tonnes": intent.tonnes,
            "first_serial": intent.first_serial,
            "to_address": intent.to_address,
            **facts,
        },
    )


def withdrawal_tell(*, intent: CoinWithdrawal, event: WebhookEvent, **facts: str) -> None:
    """Inside the transaction that ends the withdrawal."""
    webhook_event_record(
        owner=intent.owner,
        event=event,
        data={
            "id": intent.public_id,
            "currency": intent.asset.code,
            "amount": text_from_micro(intent.amount),
            "to_address": intent.to_address,
            **facts,
        },
    )


def deposit_tell(*, deposit: CoinDeposit) -> None:
    """Inside the transaction that credits the deposit."""
    webhook_event_record(
        owner=deposit.owner,
        event=WebhookEvent.DEPOSIT,
        data={
            "currency": deposit.asset.code,
            "amount": text_from_micro(deposit.amount),
            "reference": deposit.event.transaction_hash,
        },
    )
