"""Retiring and taking out, in as few words as tests need."""

from django.db import transaction

from apps.accounts.ledger.models import Owner, Transfer
from apps.accounts.ledger.services import BRIDGE, UNCLAIMED, Leg, ledger_post, platform_owner_get
from apps.registry.models import CreditClass, Retirement, SerialBlock, Span
from apps.registry.services.retirements import retirement_create, retirement_create_from_chain
from apps.registry.services.spans import span_tokenised, spans_reserve
from tests.support.registry import TONNE


def retire(
    owner: Owner, credit_class: CreditClass, grams: int, *, key: str = "k", beneficiary: str = "B"
) -> Retirement:
    """Grams of the owner's balance."""
    return retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=grams,
        beneficiary=beneficiary,
        idempotency_key=key,
    )


def bridge(owner: Owner, credit_class: CreditClass, grams: int) -> None:
    """What the bridge moves on the ledger at finality: out, or with negative grams back in."""
    there = platform_owner_get(name=BRIDGE)
    parties = (owner, there) if grams > 0 else (there, owner)
    kind = Transfer.Kind.MINT if grams > 0 else Transfer.Kind.REDEEM
    with transaction.atomic():
        ledger_post(legs=[Leg(*parties, credit_class.asset, abs(grams), kind, 1)])


def take_out(owner: Owner, credit_class: CreditClass, tonnes: int) -> list[Span]:
    """Whole tonnes of the owner's as NFTs, final."""
    with transaction.atomic():
        spans = spans_reserve(credit_class=credit_class, tonnes=tonnes)
        for span in spans:
            span_tokenised(span=span, reference="0xmint")
        bridge(owner, credit_class, tonnes * TONNE)
    return spans


def retire_on_chain(block: SerialBlock, first: int, last: int, **fields: str) -> Retirement:
    """Serials that are out, retired by an unknown wallet."""
    given_fields = {"beneficiary": "0xabc", "idempotency_key": f"0x1:{first}"} | fields
    return retirement_create_from_chain(
        owner=platform_owner_get(name=UNCLAIMED),
        block=block,
        first_serial=first,
        last_serial=last,
        **given_fields,
    )
