"""Webhooks hear how a mint ended."""

from __future__ import annotations

from apps.accounts.models import WebhookEvent
from apps.accounts.webhooks.outbox import webhook_event_record
from apps.nft.models import BridgeIntent


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
