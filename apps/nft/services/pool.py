"""Credits into the pool for CC and back, gram for micro-unit.

The pool's credits are what backs CC: for every asset move one way the same amount of CC moves the
other way in the same transaction, so the supply of CC always equals the grams in the pool.
Whoever chooses which class they get back pays a fee in CC to the platform; what came in first is
free, so that nobody picks the best out of the pool for nothing.
"""

from __future__ import annotations

from typing import TypeVar

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.services import (
    CUSTODY,
    HOUSE,
    POOL,
    Leg,
    ledger_post,
    platform_owner_get,
)
from apps.accounts.models import Asset, Owner, Transfer
from apps.accounts.services.verifications import verified_require
from apps.nft.models import Pledge, PoolRedemption
from apps.nft.models.pool import PoolMovement
from apps.nft.selectors.pool import class_is_eligible, lots_pooled
from apps.registry.models import CreditClass

CC = "CC"
BPS = 10_000

Movement = TypeVar("Movement", bound=PoolMovement)


def pledge_create(
    *, owner: Owner, credit_class: CreditClass, amount_grams: int, idempotency_key: str
) -> Pledge:
    """Gives `amount_grams` of a class to the pool and credits the owner as much CC.

    Repeating the key returns the first pledge. Errors: `class_not_eligible`,
    `insufficient_funds`, `idempotency_key_reused`, `amount_not_positive`.
    """
    if not class_is_eligible(credit_class):
        raise ServiceError(
            _("The pool does not take this class. Its rules are on the pool page."),
            code="class_not_eligible",
            field="credit_class",
        )
    return _movement_create(
        Pledge(
            owner=owner,
            credit_class=credit_class,
            amount_grams=amount_grams,
            idempotency_key=idempotency_key,
        ),
        kind=Transfer.Kind.PLEDGE,
    )


def redemption_fee(amount_grams: int) -> int:
    """What choosing the class costs, in micro-units of CC; rounded down."""
    return amount_grams * settings.POOL_CHOICE_FEE_BPS // BPS


def pool_redeem(
    *, owner: Owner, credit_class: CreditClass, amount_grams: int, idempotency_key: str
) -> PoolRedemption:
    """Gives CC back for as many grams of a class that the pool holds, and pays the fee on top.

    Repeating the key returns the first redemption. Errors: `insufficient_funds` (the owner's
    CC or the pool's grams do not cover it), `idempotency_key_reused`, `amount_not_positive`,
    `organisation_not_verified`.
    """
    return _movement_create(
        PoolRedemption(
            owner=owner,
            credit_class=credit_class,
            amount_grams=amount_grams,
            fee_micro=redemption_fee(amount_grams),
            idempotency_key=idempotency_key,
        ),
        kind=Transfer.Kind.UNPLEDGE,
    )


def pool_redeem_first(
    *, owner: Owner, amount_grams: int, idempotency_key: str
) -> list[PoolRedemption]:
    """Gives CC back for what came into the pool first; free. One redemption for each class.

    Repeating the key returns the first redemptions. Errors: `insufficient_funds`, `pool_short`,
    `idempotency_key_reused`, `amount_not_positive`, `organisation_not_verified`.
    """
    _require_positive(amount_grams)
    with transaction.atomic():
        # One at a time: each is told what the one before has left.
        Owner.objects.select_for_update(no_key=True).get(pk=platform_owner_get(name=POOL).pk)
        if made := _parts_made(owner, amount_grams, idempotency_key):
            return made
        verified_require(owner=owner)
        parts = [
            PoolRedemption(
                owner=owner,
                credit_class_id=class_id,
                amount_grams=grams,
                asked_grams=amount_grams,
                idempotency_key=f"{idempotency_key}/{number}" if number else idempotency_key,
            )
            for number, (class_id, grams) in enumerate(_first_in(amount_grams).items())
        ]
        for part in parts:
            part.save(force_insert=True)
        kind = Transfer.Kind.UNPLEDGE
        ledger_post(legs=[leg for part in parts for leg in _legs(part, kind=kind)])
    return parts


def _first_in(amount_grams: int) -> dict[int, int]:
    """Grams by class that make up the amount, from the oldest pledge on."""
    taken: dict[int, int] = {}
    left = amount_grams
    for lot in lots_pooled():
        part = min(left, lot.grams)
        taken[lot.credit_class_id] = taken.get(lot.credit_class_id, 0) + part
        left -= part
        if left == 0:
            return taken
    raise Conflict(_("The pool holds less than this. Ask for less."), code="pool_short")


def _parts_made(owner: Owner, amount_grams: int, key: str) -> list[PoolRedemption]:
    """What an earlier request with this key has brought."""
    mine = PoolRedemption.objects.filter(owner=owner)
    first = mine.filter(idempotency_key=key).first()
    if first is None:
        return []
    if first.asked_grams != amount_grams:
        raise _key_reused()
    return [first, *mine.filter(idempotency_key__startswith=f"{key}/").order_by("pk")]


def _require_positive(amount_grams: int) -> None:
    if amount_grams <= 0:
        raise ServiceError(
            _("Give an amount of at least one gram."), code="amount_not_positive", field="amount"
        )


def _key_reused() -> Conflict:
    return Conflict(
        _("This key was used for another amount. Use a new key for a new request."),
        code="idempotency_key_reused",
    )


def _movement_create(movement: Movement, *, kind: Transfer.Kind) -> Movement:
    _require_positive(movement.amount_grams)
    with transaction.atomic():
        # The unique key decides between two requests at once: the second waits here, then finds
        # the first's row.
        existing = _insert_or_get(movement)
        if existing is not None:
            return existing
        if kind is Transfer.Kind.UNPLEDGE:
            verified_require(owner=movement.owner)
        ledger_post(legs=_legs(movement, kind=kind))
    return movement


def _insert_or_get(movement: Movement) -> Movement | None:
    """Inserts the movement, or returns the one that already has its key."""
    try:
        with transaction.atomic():
            movement.save(force_insert=True)
    except IntegrityError:
        existing = type(movement)._default_manager.get(
            owner=movement.owner, idempotency_key=movement.idempotency_key
        )
        asked = (movement.credit_class_id, movement.amount_grams)
        is_part = getattr(existing, "asked_grams", None) is not None
        if (existing.credit_class_id, existing.amount_grams) != asked or is_part:
            raise _key_reused() from None
        return existing
    return None


def _legs(movement: PoolMovement, *, kind: Transfer.Kind) -> list[Leg]:
    owner, amount = movement.owner, movement.amount_grams
    pool, custody = platform_owner_get(name=POOL), platform_owner_get(name=CUSTODY)
    credit, cc = movement.credit_class.asset, Asset.objects.get(code=CC)
    routes = [(owner, pool, credit), (custody, owner, cc)]
    if kind is Transfer.Kind.UNPLEDGE:
        routes = [(target, source, asset) for source, target, asset in routes]
    legs = [
        Leg(source, target, asset, amount, kind, movement.pk) for source, target, asset in routes
    ]
    if fee := getattr(movement, "fee_micro", 0):
        house = platform_owner_get(name=HOUSE)
        legs.append(Leg(owner, house, cc, fee, Transfer.Kind.FEE, movement.pk))
    return legs
