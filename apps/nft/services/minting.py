"""Asking for whole tonnes as NFTs, and taking it back where the chain refuses.

Asking is one transaction: serials reserved, grams held, intents written. From then on rows say what
is to be done; the task that is sent afterwards only says that there is something.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.services import Hold, ledger_post
from apps.accounts.models import Owner, WebhookEvent
from apps.accounts.services.verifications import verified_require
from apps.nft.models import BridgeIntent, MintRequest
from apps.nft.services.asking import bridge_require, wallet_require
from apps.nft.services.telling import mint_tell
from apps.nft.wakeups import intent_wake
from apps.registry.models import CreditClass, Span
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.spans import span_release, spans_reserve

State = BridgeIntent.State

# A mint of as many stays well below the gas that one transaction may use (EIP-7825: 2^24).
BATCH_TONNES_MAX: Final = 5_000
REQUEST_TONNES_MAX: Final = 50_000


def mint_request(
    *,
    owner: Owner,
    credit_class: CreditClass,
    tonnes: int,
    to_address: str,
    idempotency_key: str,
) -> MintRequest:
    """Takes `tonnes` whole tonnes of the owner's available balance out to a linked wallet.

    The grams are held and the serials reserved at once; they are gone for good when the mint is
    final. Repeating the key returns the first request. Each contiguous run of serials becomes one
    intent.

    Errors: `amount_too_small`, `amount_too_large`, `address_invalid`, `wallet_not_linked`,
    `bridge_halted`, `bridge_not_ready`, `insufficient_funds`, `grams_short`, `busy`,
    `idempotency_key_reused`, `organisation_not_verified`.
    """
    if tonnes < 1:
        raise ServiceError(
            _("Only whole tonnes leave as NFTs. Ask for one tonne or more."),
            code="amount_too_small",
            field="tonnes",
        )
    if tonnes > REQUEST_TONNES_MAX:
        raise ServiceError(
            _("Take out at most %(max)s tonnes at a time.") % {"max": REQUEST_TONNES_MAX},
            code="amount_too_large",
            field="tonnes",
        )
    request = MintRequest(
        owner=owner,
        credit_class=credit_class,
        tonnes=tonnes,
        to_address=wallet_require(owner, to_address).address,
        idempotency_key=idempotency_key,
    )
    with transaction.atomic():
        # The class first, the balances after: the order of whoever makes a class scarcer.
        credit_class_lock(credit_class=credit_class)
        if existing := _insert_or_get(request):
            return existing
        verified_require(owner=owner)
        bridge_require("CarbonCredit")
        for span in _spans_reserve(credit_class, tonnes):
            intent = _intent_create(request, span)
            transaction.on_commit(partial(intent_wake, intent_id=intent.pk))
        hold = Hold(owner, credit_class.asset, tonnes * GRAMS_PER_TONNE)
        ledger_post(holds=[hold])
    return request


def intent_fail(*, intent_id: int, seen: str, reason: str) -> None:
    """Gives back what an intent holds: its grams to the owner, its serials to the class.

    Only for intents that can no longer mint: queued with nothing recorded that could, or mined
    with the nonce of all its attempts spent for good. `seen` is the state in which the caller
    found that out; when another worker has moved the intent on since, nothing happens.
    """
    with transaction.atomic():
        found = BridgeIntent.objects.select_related("credit_class__asset", "owner").get(
            pk=intent_id
        )
        credit_class_lock(credit_class=found.credit_class)
        intent = BridgeIntent.objects.select_for_update().get(pk=intent_id)
        if intent.state != seen or (seen == State.QUEUED and intent.transactions.exists()):
            return
        assert intent.span is not None, "an open intent has its serials reserved"
        BridgeIntent.objects.filter(pk=intent.pk).update(
            state=State.FAILED,
            failure=reason[:300],
            span=None,
            updated_at=timezone.now(),
        )
        span_release(span=intent.span)
        hold = Hold(found.owner, found.credit_class.asset, -intent.amount_grams)
        ledger_post(holds=[hold])
        mint_tell(intent=intent, event=WebhookEvent.MINT_FAILED, failure=reason[:300])


def _insert_or_get(request: MintRequest) -> MintRequest | None:
    """Inserts the request, or returns the one that already has its key."""
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError:
        existing = MintRequest.objects.filter(
            owner=request.owner, idempotency_key=request.idempotency_key
        ).first()
        if existing is None:
            raise
        asked = (request.credit_class_id, request.tonnes, request.to_address)
        if (existing.credit_class_id, existing.tonnes, existing.to_address) != asked:
            raise Conflict(
                _("This key was used for another request. Use a new key for a new request."),
                code="idempotency_key_reused",
            ) from None
        return existing
    return None


def _spans_reserve(credit_class: CreditClass, tonnes: int) -> list[Span]:
    chunks = [BATCH_TONNES_MAX] * (tonnes // BATCH_TONNES_MAX) + [tonnes % BATCH_TONNES_MAX]
    return [
        span
        for chunk in chunks
        if chunk
        for span in spans_reserve(credit_class=credit_class, tonnes=chunk)
    ]


def _intent_create(request: MintRequest, span: Span) -> BridgeIntent:
    block = span.block.origin
    offset_tonnes = (span.grams.lower - block.base) // GRAMS_PER_TONNE
    return BridgeIntent.objects.create(
        request=request,
        chain_id=settings.CHAIN_ID,
        owner=request.owner,
        credit_class=request.credit_class,
        block=block,
        first_serial=block.start + offset_tonnes,
        amount_grams=span.grams.upper - span.grams.lower,
        span=span,
        to_address=request.to_address,
    )
