"""Who may act for an account of an organisation: the one place that says so.

A member may in their role, unless they are limited and the account is not among theirs
(docs/sub-accounts.md). The look-up of API keys, `api.key_lookup`, says the same within its query.
"""

from __future__ import annotations

from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery

from apps.accounts.ledger.models import Owner
from apps.accounts.models.identity import Membership, User

_BY_NAME = (F("parent").asc(nulls_first=True), "department")


def members_for(owner: Owner) -> QuerySet[Membership]:
    """The members who may act for this account; of a person's, none."""
    members = Membership.objects.filter(organisation=owner.organisation_id)
    return members.filter(Q(is_limited=False) | Q(limits__account=owner)).distinct()


def accounts_of(user: User) -> QuerySet[Owner]:
    """The accounts of organisations that the person may act for, with their `role` there.

    By organisation; the main account first, then by name.
    """
    members = Membership.objects.filter(user=user, organisation=OuterRef("organisation"))
    among = Q(is_limited=False) | Q(limits__account=OuterRef("pk"))
    found = Owner.objects.filter(organisation__members=user).select_related("organisation")
    found = found.annotate(role=Subquery(members.filter(among).values("role")[:1]))
    return found.filter(role__isnull=False).order_by(
        "organisation__name", "organisation", *_BY_NAME
    )


def accounts_in_order() -> Prefetch[str, QuerySet[Owner], str]:
    """The `accounts` of members and invitations: the main account first, then by name."""
    return Prefetch("accounts", Owner.objects.select_related("organisation").order_by(*_BY_NAME))


def accounts_beside(*, owner: Owner, user: User) -> QuerySet[Owner]:
    """What who acts for `owner` knows of: from the main account all that the person may act for,
    from a sub-account itself and the main one. A person has no other."""
    if owner.organisation_id is None:
        return Owner.objects.filter(pk=owner.pk).select_related("user")
    found = accounts_of(user).filter(organisation=owner.organisation_id)
    if owner.parent_id is not None:
        found = found.filter(pk__in=(owner.pk, owner.parent_id))
    return found


def role_for(*, owner: Owner, user: User) -> str:
    """The person's role where they may act for the account; empty for everybody else."""
    members = members_for(owner).filter(user=user)
    return members.values_list("role", flat=True).first() or ""


def writing_role_for(*, owner: Owner, user: User) -> str:
    """The same of an active member who may write; empty for everybody else."""
    return role_for(owner=owner, user=user) if may_write(user) else ""


def may_write(user: User) -> bool:
    """Whether the person writes anything anywhere."""
    return user.is_active and not user.is_auditor


def sees_the_whole(*, owner: Owner, user: User) -> bool:
    """Whether this is an organisation's main account, and the person acts for all its accounts."""
    if owner.organisation_id is None or owner.parent_id is not None:
        return False
    return members_for(owner).filter(user=user, is_limited=False).exists()
