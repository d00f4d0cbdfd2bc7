"""Moving an amount from one account of an organisation to another: at once, exactly, once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.accounts.acting import TRANSFER, scopes_for_owner
from apps.accounts.errors import Conflict, NotFound, NotPermitted, ServiceError
from apps.accounts.ledger.models import Asset, Owner, Transfer
from apps.accounts.ledger.services import Leg, ledger_post
from apps.accounts.models import AccountMove, User
from apps.accounts.services.sub_accounts import account_is_closed


def account_move(
    *,
    from_owner: Owner,
    to_owner: Owner,
    asset: Asset,
    amount: int,
    by: User,
    idempotency_key: str,
) -> AccountMove:
    """Moves `amount` micro-units of what is available. Repeating the key returns the first move.

    Raises NotPermitted `scope_missing`, NotFound for an account of somebody else's, ServiceError
    `amount_not_positive`, `same_account`, InsufficientFunds, Conflict `account_closed`,
    `idempotency_key_reused`.
    """
    if amount <= 0:
        raise ServiceError(
            _("Move an amount above zero."), code="amount_not_positive", field="amount"
        )
    if from_owner.pk == to_owner.pk:
        raise ServiceError(_("Choose two different accounts."), code="same_account", field="to")
    move = AccountMove(
        from_owner=from_owner,
        to_owner=to_owner,
        asset=asset,
        amount=amount,
        moved_by=by,
        idempotency_key=idempotency_key,
    )
    with transaction.atomic():
        # One after the other: the second finds the first's row, and whoever closes one waits.
        source, target = accounts_lock(from_owner, to_owner)
        _permitted_check(source, target, by)
        if existing := _existing(move):
            return existing
        if target.closed_at is not None:
            raise account_is_closed()
        moves_post([move])
    return move


def account_empty(*, from_owner: Owner, to_owner: Owner, by: User) -> list[AccountMove]:
    """Moves everything that is available. Within a transaction that has locked both accounts.

    Raises what `account_move` raises.
    """
    assert connection.in_atomic_block
    _permitted_check(from_owner, to_owner, by)
    found = from_owner.balances.filter(available__gt=0).select_related("asset").order_by("pk")
    moves = [
        AccountMove(
            from_owner=from_owner,
            to_owner=to_owner,
            asset=balance.asset,
            amount=balance.available,
            moved_by=by,
            idempotency_key=f"close-{uuid.uuid4()}",
        )
        for balance in found
    ]
    if moves:
        moves_post(moves)
    return moves


def accounts_lock(*accounts: Owner) -> list[Owner]:
    """The accounts as they are, in this order, locked in that of their keys."""
    rows = Owner.objects.select_for_update(no_key=True).order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[account.pk for account in accounts])}
    return [found[account.pk] for account in accounts]


def moves_post(moves: Sequence[AccountMove]) -> None:
    """Writes them and what they move, as one."""
    for move in moves:
        move.save(force_insert=True)
    ledger_post(
        legs=[
            Leg(
                from_owner=move.from_owner,
                to_owner=move.to_owner,
                asset=move.asset,
                amount=move.amount,
                kind=Transfer.Kind.MOVE,
                reference=move.pk,
            )
            for move in moves
        ]
    )


def _permitted_check(source: Owner, target: Owner, by: User) -> None:
    if source.organisation_id is None or source.organisation_id != target.organisation_id:
        raise NotFound(_("There is no such account."))
    may = scopes_for_owner(user=by, owner=source) & scopes_for_owner(user=by, owner=target)
    if TRANSFER not in may:
        raise NotPermitted(
            _("Only an owner of the organisation moves something between its accounts."),
            code="scope_missing",
        )


def _existing(move: AccountMove) -> AccountMove | None:
    existing = AccountMove.objects.filter(
        from_owner=move.from_owner, idempotency_key=move.idempotency_key
    ).first()
    if existing is None:
        return None
    asked = (move.to_owner_id, move.asset_id, move.amount)
    if (existing.to_owner_id, existing.asset_id, existing.amount) != asked:
        raise Conflict(
            _("This key was used for another request. Use a new key for a new request."),
            code="idempotency_key_reused",
        )
    return existing
