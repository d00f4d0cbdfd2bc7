"""Closing a sub-account: only when nothing is in it, or with what is in it moved to another."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotFound
from apps.accounts.ledger.models import Balance, Owner
from apps.accounts.models import User
from apps.accounts.services.account_moves import account_empty
from apps.accounts.services.history import recorded_as
from apps.accounts.services.sub_accounts import SOURCE, account_is_closed, sub_account_lock


def sub_account_close(*, account: Owner, by: User, to: Owner | None = None) -> Owner:
    """It trades no more and takes nothing in. Closing it again changes nothing.

    What is available moves to the account `to` first; nothing may be held, for orders and the like.
    Raises NotPermitted, NotFound for an account of somebody else's, Conflict `account_not_empty`,
    `main_account`, `account_closed` where `to` is.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        found = sub_account_lock(account, by, beside=to)
        if found.closed_at is not None:
            return found
        if to is not None:
            _empty(found, to, by)
        if not is_empty(found):
            raise Conflict(
                _("There is something in this account, or held for its orders. Move it out first."),
                code="account_not_empty",
            )
        found.closed_at = timezone.now()
        found.save(update_fields=["closed_at"])
        return found


def is_empty(account: Owner) -> bool:
    """Whether it has nothing. Whatever the ledger does with its balances waits, or is seen here."""
    balances = Balance.objects.select_for_update(no_key=True).filter(owner=account)
    return not any(balance.available or balance.held for balance in balances.order_by("pk"))


def _empty(account: Owner, to: Owner, by: User) -> None:
    target = Owner.objects.get(pk=to.pk)
    if target.pk == account.pk:
        raise NotFound(_("There is no such account."), field="to")
    if target.closed_at is not None:
        raise account_is_closed()
    account_empty(from_owner=account, to_owner=target, by=by)
