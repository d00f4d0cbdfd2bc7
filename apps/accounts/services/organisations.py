"""Organisations and who may do what for them."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import Membership, MembershipAccount, Organisation, User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import organisation_lock, role_of

SOURCE: Final = "members"


def organisation_create(*, name: str, by: User, country: str = "") -> Organisation:
    """A new organisation with its owner account; whoever creates it is its first Owner member."""
    organisation = Organisation(name=name.strip(), country=country)
    try:
        organisation.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], field=field) from error
    with transaction.atomic():
        organisation.save()
        Owner.objects.create(organisation=organisation)
        Membership.objects.create(user=by, organisation=organisation, role=Membership.Role.OWNER)
    return organisation


def membership_set(*, organisation: Organisation, user: User, role: str, by: User) -> Membership:
    """Makes `user` a member, or changes their role. Only Owner members may.

    Raises NotPermitted, Conflict `last_owner` when nobody could manage the organisation any more.
    """
    assert role in Membership.Role.values, role
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        lock_as_owner(organisation, by)
        if role != Membership.Role.OWNER:
            _keep_an_owner(organisation, without=user)
        values: dict[str, Any] = {"role": role}
        if role == Membership.Role.OWNER:
            # Owners run the organisation, with all its accounts.
            values["is_limited"] = False
            MembershipAccount.objects.filter(
                membership__organisation=organisation, membership__user=user
            ).delete()
        membership, _created = Membership.objects.update_or_create(
            organisation=organisation, user=user, defaults=values
        )
    return membership


def membership_remove(*, organisation: Organisation, user: User, by: User) -> None:
    """Ends a membership: an Owner member ends anybody's, and everybody their own."""
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        if by == user:
            organisation_lock(organisation_id=organisation.pk)
        else:
            lock_as_owner(organisation, by)
        _keep_an_owner(organisation, without=user)
        Membership.objects.filter(organisation=organisation, user=user).delete()


def lock_as_owner(organisation: Organisation, by: User) -> None:
    """Until the end of the transaction nobody else changes members; raises NotPermitted."""
    organisation_lock(organisation_id=organisation.pk)
    if role_of(organisation_id=organisation.pk, user=by) != Membership.Role.OWNER:
        raise NotPermitted(_("Only an owner of the organisation may change its members."))


def _keep_an_owner(organisation: Organisation, *, without: User) -> None:
    owners = Membership.objects.filter(organisation=organisation, role=Membership.Role.OWNER)
    if not owners.exclude(user=without).exists():
        raise Conflict(
            _("The organisation needs an owner. Make another member its owner first."),
            code="last_owner",
        )
