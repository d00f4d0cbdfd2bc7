"""Credits into the pool for CC and back, gram for micro-unit.

The pool's credits are what backs CC: for every asset move one way the same amount of CC moves the
other way in the same transaction, so the supply of CC always equals the grams in the pool.
"""

from __future__ import annotations

from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.services import CUSTODY, POOL, Leg, ledger_post, platform_owner_get
from apps.accounts.models import Asset, Owner, Transfer
from apps.nft.models import Pledge, PoolRedemption
from apps.nft.models.pool import PoolMovement
from apps.nft.selectors.pool import class_is_eligible
from apps.registry.models import CreditClass

CC = "CC"

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


def pool_redeem(
    *, owner: Owner, credit_class: CreditClass, amount_grams: int, idempotency_key: str
) -> PoolRedemption:
    """Gives CC back for as many grams of a class that the pool holds.

    Repeating the key returns the first redemption. Errors: `insufficient_funds` (the owner's
    CC or the pool's grams do not cover it), `idempotency_key_reused`, `amount_not_positive`.
    """
    return _movement_create(
        PoolRedemption(
            owner=owner,
            credit_class=credit_class,
            amount_grams=amount_grams,
            idempotency_key=idempotency_key,
        ),
        kind=Transfer.Kind.UNPLEDGE,
    )


def _movement_create(movement: Movement, *, kind: Transfer.Kind) -> Movement:
    if movement.amount_grams <= 0:
        raise ServiceError(
            _("Give an amount of at least one gram."), code="amount_not_positive", field="amount"
        )
    with transaction.atomic():
        # The unique key decides between two requests at once: the second waits here, then finds
        # the first's row.
        existing = _insert_or_get(movement)
        if existing is not None:
            return existing
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
        if (existing.credit_class_id, existing.amount_grams) != asked:
            raise Conflict(
                _("This key was used for another amount. Use a new key for a new request."),
                code="idempotency_key_reused",
            ) from None
        return existing
    return None


def _legs(movement: PoolMovement, *, kind: Transfer.Kind) -> list[Leg]:
    owner, amount = movement.owner, movement.amount_grams
    pool, custody = platform_owner_get(name=POOL), platform_owner_get(name=CUSTODY)
    credit, cc = movement.credit_class.asset, Asset.objects.get(code=CC)
    routes = [(owner, pool, credit), (custody, owner, cc)]
    if kind is Transfer.Kind.UNPLEDGE:
        routes = [(target, source, asset) for source, target, asset in routes]
    return [
        Leg(source, target, asset, amount, kind, movement.pk) for source, target, asset in routes
    ]
