"""Accounts of an organisation's departments: opened and renamed by owners, and for whom.

docs/sub-accounts.md says what counts by the account and what by the organisation.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotFound, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import Membership, MembershipAccount, Organisation, User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import organisation_lock, role_of

# With the main account they are as many as the dialect has profiles.
OPEN_MAX: Final = 99
NAME_CHARS_MAX: Final = 80
SOURCE: Final = "sub-accounts"


def sub_account_open(*, organisation: Organisation, name: str, by: User) -> Owner:
    """A new, empty account under the organisation's main one.

    Raises NotPermitted for who is not an owner, ServiceError `name_invalid`, Conflict
    `name_taken`, `too_many_accounts`.
    """
    name = _name(name)
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        _lock_as_owner(organisation.pk, by)
        _name_check(organisation.pk, name)
        if _open(organisation.pk).count() >= OPEN_MAX:
            raise Conflict(
                _("There are %(max)s sub-accounts already. Close one first.") % {"max": OPEN_MAX},
                code="too_many_accounts",
            )
        return Owner.objects.create(
            organisation=organisation,
            parent=organisation.owner,
            department=name,
            public_id=uuid.uuid4(),
            opened_at=timezone.now(),
        )


def sub_account_rename(*, account: Owner, name: str, by: User) -> Owner:
    """How it is called from now on.

    Raises NotPermitted, ServiceError `name_invalid`, Conflict `name_taken`, `account_closed`,
    `main_account`.
    """
    name = _name(name)
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        found = sub_account_lock(account, by)
        if found.closed_at is not None:
            raise account_is_closed()
        if found.department != name:
            _name_check(_organisation_of(found), name, but=found)
            found.department = name
            found.save(update_fields=["department"])
        return found


def membership_limit(
    *, organisation: Organisation, user: User, accounts: Iterable[Owner] | None, by: User
) -> Membership:
    """From now on the member acts for these accounts alone; with None for all of them.

    Raises NotPermitted for who is not an owner, NotFound for somebody else's account or no member,
    Conflict `owner_not_limited` for an owner.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        _lock_as_owner(organisation.pk, by)
        member = Membership.objects.filter(organisation=organisation, user=user).first()
        if member is None:
            raise NotFound(_("There is no such member."))
        if accounts is None:
            limit_write(member, None)
        else:
            _limited_check(member.role)
            limit_write(member, limit_read(organisation, accounts, member.role))
        return member


def limit_read(organisation: Organisation, accounts: Iterable[Owner], role: str) -> set[int]:
    """The keys of accounts to which a member of this role is limited; with none there is no limit.

    Raises NotFound for an account that is not the organisation's, Conflict `owner_not_limited`.
    """
    wanted = {account.pk for account in accounts}
    if Owner.objects.filter(organisation=organisation, pk__in=wanted).count() != len(wanted):
        raise NotFound(_("There is no such account."))
    if wanted:
        _limited_check(role)
    return wanted


def limit_write(member: Membership, wanted: set[int] | None) -> None:
    """Limits the member to these accounts, or to none of them in particular."""
    member.limits.exclude(account__in=wanted or ()).delete()
    known = set(member.limits.values_list("account", flat=True))
    for pk in sorted((wanted or set()) - known):
        MembershipAccount.objects.create(membership=member, account_id=pk)
    if member.is_limited != (wanted is not None):
        member.is_limited = wanted is not None
        member.save(update_fields=["is_limited"])


def _limited_check(role: str) -> None:
    if role == Membership.Role.OWNER:
        raise Conflict(
            _("An owner acts for all accounts. Give the member another role first."),
            code="owner_not_limited",
        )


def account_is_closed() -> Conflict:
    """What is refused for a closed account."""
    return Conflict(_("This account is closed. Choose another one."), code="account_closed")


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise ServiceError(
            _("Give a name of 1 to %(max)s characters.") % {"max": NAME_CHARS_MAX},
            code="name_invalid",
            field="name",
        )
    return name


def _name_check(organisation_id: int, name: str, *, but: Owner | None = None) -> None:
    same = _open(organisation_id).filter(department__iexact=name)
    if same.exclude(pk=but.pk if but else None).exists():
        raise Conflict(
            _("There is an account of this name. Choose another name."),
            code="name_taken",
            field="name",
        )


def _open(organisation_id: int) -> QuerySet[Owner]:
    accounts = Owner.objects.filter(organisation=organisation_id, closed_at__isnull=True)
    return accounts.exclude(parent=None)


def sub_account_lock(account: Owner, by: User, *, beside: Owner | None = None) -> Owner:
    """The sub-account as it is, its organisation locked before it; `beside` is locked as well.

    Raises NotPermitted for who is not an owner, Conflict `main_account`.
    """
    _lock_as_owner(_organisation_of(account), by)
    keys = {account.pk} | ({beside.pk} if beside else set())
    found = Owner.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys)
    locked = {row.pk: row for row in found.select_related("organisation").order_by("pk")}
    if locked[account.pk].parent_id is None:
        raise Conflict(
            _("This is the organisation's main account. It stays as long as the organisation."),
            code="main_account",
        )
    return locked[account.pk]


def _organisation_of(account: Owner) -> int:
    if account.organisation_id is None:
        raise Conflict(
            _("A person has one account. Create an organisation to have sub-accounts."),
            code="main_account",
        )
    return account.organisation_id


def _lock_as_owner(organisation_id: int, by: User) -> None:
    organisation_lock(organisation_id=organisation_id)
    if role_of(organisation_id=organisation_id, user=by) != Membership.Role.OWNER:
        raise NotPermitted(_("Only an owner of the organisation may change its accounts."))
