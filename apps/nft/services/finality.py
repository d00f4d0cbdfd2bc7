"""What the chain can no longer take back moves value on the ledger: here and nowhere else.

Events are applied one by one, in the order of the chain, each in a transaction of its own together
with the mark that it was. An event that does not fit what we know halts the bridge: value that
follows a contradiction is not moved by a program.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.accounts.ledger.services import (
    BRIDGE,
    UNCLAIMED,
    Leg,
    ledger_post,
    platform_owner_get,
)
from apps.accounts.models import Owner, Transfer, WebhookEvent
from apps.nft.chain.client import ChainClient
from apps.nft.models import BridgeIntent, Chain, ChainEvent, TokenRedemption
from apps.nft.selectors.owners import owner_of_tag, owner_of_wallet
from apps.nft.services.anchors import anchored
from apps.nft.services.coin_finality import burned, deposited, paid
from apps.nft.services.contradiction import EventContradiction
from apps.nft.services.halts import bridge_is_halted, halt_create
from apps.nft.services.indexing import FinalBlockChanged
from apps.nft.services.telling import mint_tell
from apps.nft.services.tokens import intent_uuid, token_ids, tokens_settle
from apps.registry.models import CreditClass, SerialBlock
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.retirements import retirement_create_from_chain
from apps.registry.services.spans import span_tokenised, tokenised_redeem

log = structlog.get_logger(__name__)

# Somebody else had a lock for long: the next call finds it free.
PASSING: Final = frozenset({"busy", "grams_taken"})


def events_apply(*, chain: Chain, client: ChainClient) -> int:
    """Applies every event that is final and was not applied; returns how many moved value.

    Raises FinalBlockChanged where the node's final block is not the one we read; the bridge halts
    then, and where an event contradicts our records.
    """
    final = _final_number(chain, client)
    if final is None:
        return 0
    # Before anything moves: what moves by these blocks must never be unread again.
    Chain.objects.filter(pk=chain.pk, final_number__lt=final).update(final_number=final)
    waiting = ChainEvent.objects.filter(
        chain=chain, block_number__lte=final, applied_at__isnull=True
    )
    moving = waiting.filter(MOVES_VALUE).order_by("block_number", "log_index")
    applied = 0
    for event_id in list(moving.values_list("pk", flat=True)):
        if bridge_is_halted():
            return applied
        try:
            applied += _apply(event_id)
        except (EventContradiction, ServiceError) as exc:
            _halt_for(event_id, exc)
            return applied
    waiting.exclude(MOVES_VALUE).update(applied_at=timezone.now())
    return applied


def _halt_for(event_id: int, exc: EventContradiction | ServiceError) -> None:
    if isinstance(exc, ServiceError) and exc.code in PASSING:
        return
    event = ChainEvent.objects.get(pk=event_id)
    halt_create(reason=f"event {event.name} of {event.transaction_hash}: {exc}", event=event)


def _final_number(chain: Chain, client: ChainClient) -> int | None:
    """Up to where the node calls blocks final and we have read the very same ones."""
    newest = chain.blocks.order_by("-number").values_list("number", flat=True).first()
    if newest is None:
        return None
    number = min(client.finalized().number, newest)
    ours = chain.blocks.filter(number=number).values_list("hash", flat=True).first()
    theirs = client.header(number).hash
    if ours is None or ours == theirs:
        return number
    if number <= Chain.objects.values_list("final_number", flat=True).get(pk=chain.pk):
        halt_create(reason=f"block {number} of chain {chain} was final and changed")
        raise FinalBlockChanged(f"block {number} was {ours}, now {theirs}")
    return None  # The indexer has a rewind to do first.


def _apply(event_id: int) -> int:
    """One event, once: 1 where it was applied now, 0 where it had been."""
    with transaction.atomic():
        event = (
            ChainEvent.objects.select_for_update(of=("self",))
            .select_related("contract")
            .get(pk=event_id)
        )
        if event.applied_at is not None:
            return 0
        HANDLERS[event.contract.name, event.name](event)
        ChainEvent.objects.filter(pk=event.pk).update(applied_at=timezone.now())
    return 1


# ---------------------------------------------------------------------- what events mean


def _minted(event: ChainEvent) -> None:
    """The intent is final: the held grams go to the bridge, for as long as the NFTs are out."""
    key = intent_uuid(event.arguments["intentId"])
    found = BridgeIntent.objects.select_related("credit_class__asset", "owner").filter(
        public_id=key
    )
    if (expected := found.first()) is None:
        raise EventContradiction(f"tokens {_named(event)} were minted without an intent of ours")
    credit_class_lock(credit_class=expected.credit_class)
    intent = BridgeIntent.objects.select_for_update().get(pk=expected.pk)
    if intent.state == BridgeIntent.State.FINAL:
        return
    _require_as_asked(event, intent)
    assert intent.span is not None, "an open intent has its serials reserved"
    leg = Leg(
        from_owner=expected.owner,
        to_owner=platform_owner_get(name=BRIDGE),
        asset=expected.credit_class.asset,
        amount=intent.amount_grams,
        kind=Transfer.Kind.MINT,
        reference=intent.pk,
        from_held=True,
    )
    ledger_post(legs=[leg])
    span_tokenised(span=intent.span, reference=event.transaction_hash)
    BridgeIntent.objects.filter(pk=intent.pk).update(
        state=BridgeIntent.State.FINAL, failure="", span=None, updated_at=timezone.now()
    )
    mint_tell(intent=intent, event=WebhookEvent.MINT_FINAL, transaction=event.transaction_hash)


def _require_as_asked(event: ChainEvent, intent: BridgeIntent) -> None:
    minted = tuple(event.arguments[name] for name in ("blockId", "firstSerial", "count", "to"))
    asked = (intent.block_id, intent.first_serial, intent.tonnes, intent.to_address)
    if minted != asked or intent.state not in BridgeIntent.OPEN_STATES:
        raise EventContradiction(
            f"tokens {_named(event)} are not what intent {intent} ({intent.state}) asked for"
        )


def _redeemed(event: ChainEvent) -> None:
    """The tonnes come back: serials free again, grams from the bridge to whom they are for."""
    block = _block(event)
    first, last = _serials(event)
    credit_class = _class_of(block)
    tokenised_redeem(
        block=block, first_serial=first, last_serial=last, reference=event.transaction_hash
    )
    owner = _owner_for(event)
    redemption = TokenRedemption.objects.create(
        event=event,
        holder_address=event.arguments["holder"],
        credit_class=credit_class,
        amount_grams=(last - first + 1) * GRAMS_PER_TONNE,
        owner=owner,
    )
    leg = Leg(
        from_owner=platform_owner_get(name=BRIDGE),
        to_owner=owner,
        asset=credit_class.asset,
        amount=redemption.amount_grams,
        kind=Transfer.Kind.REDEEM,
        reference=redemption.pk,
    )
    ledger_post(legs=[leg])
    tokens_settle(event=event)


def _owner_for(event: ChainEvent) -> Owner:
    """The account the event is tagged with, else the wallet's owner, else `unclaimed`."""
    return (
        owner_of_tag(event.arguments["account"])
        or owner_of_wallet(event.arguments["holder"])
        or platform_owner_get(name=UNCLAIMED)
    )


def _retired(event: ChainEvent) -> None:
    """Consumed on chain: a certificate, and the grams go from the bridge to `retired`."""
    first, last = _serials(event)
    holder = event.arguments["holder"]
    retirement_create_from_chain(
        owner=owner_of_wallet(holder) or platform_owner_get(name=UNCLAIMED),
        block=_block(event),
        first_serial=first,
        last_serial=last,
        beneficiary=event.arguments["beneficiary"] or holder,
        message=event.arguments["message"],
        idempotency_key=f"{event.transaction_hash}:{event.log_index}",
    )
    tokens_settle(event=event)


HANDLERS: Final[dict[tuple[str, str], Callable[[ChainEvent], None]]] = {
    ("CarbonCredit", "BatchMinted"): _minted,
    ("CarbonCredit", "Redeemed"): _redeemed,
    ("CarbonCredit", "Retired"): _retired,
    ("Vault", "Deposited"): deposited,
    ("Vault", "Withdrawn"): paid,
    ("CCToken", "BridgeMinted"): paid,
    ("CCToken", "BridgeBurned"): burned,
    ("Anchor", "DayAnchored"): anchored,
}
MOVES_VALUE: Final = reduce(
    or_, (Q(contract__name=contract, name=name) for contract, name in HANDLERS)
)


# ---------------------------------------------------------------------- small things


def _block(event: ChainEvent) -> SerialBlock:
    block_id = int(event.arguments["blockId"])
    block = SerialBlock.objects.select_related("vintage__credit_class__asset").filter(pk=block_id)
    if (found := block.first()) is None:
        raise EventContradiction(f"tokens {_named(event)} are of block {block_id}, unknown to us")
    return found


def _serials(event: ChainEvent) -> tuple[int, int]:
    first = int(event.arguments["firstSerial"])
    return first, first + int(event.arguments["count"]) - 1


def _class_of(block: SerialBlock) -> CreditClass:
    credit_class = block.vintage.credit_class
    assert credit_class is not None, "a block with tokens out has a class"
    return credit_class


def _named(event: ChainEvent) -> str:
    ids = token_ids(event)
    return f"{ids[0]} to {ids[-1]}"
