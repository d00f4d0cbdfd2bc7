"""Who may spend what for an organisation: its owners set it, every purchase asks here.

Setting and asking both hold the organisation's row, so that a purchase is judged either by the
rules before a change or by those after it, and by the roles of that moment. The rules are the
organisation's, whichever of its accounts pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import NotPermitted, ServiceError
from apps.accounts.ledger.models import Asset, Owner
from apps.accounts.models import Membership, Organisation, SpendingLimit, SpendingRule, User
from apps.accounts.roles import may_write, writing_role_for
from apps.accounts.services.history import recorded_as

Role = Membership.Role
# Who may let another member spend more than that member may alone.
APPROVERS: Final = frozenset({Role.OWNER, Role.APPROVER})
# Who may spend at all.
SPENDERS: Final = frozenset({Role.OWNER, Role.TRADER})
AMOUNT_MAX: Final = 10**18
_SOURCE: Final = "spending limits"


@dataclass(frozen=True, slots=True)
class Spending:
    """The rules of one organisation for one asset. None: there is no such bound."""

    second_above: int | None
    up_to: dict[str, int]

    def bound_of(self, role: str) -> int | None:
        """The most that a member of this role may spend, or approve, by one order."""
        return self.up_to.get(role)


def spending_of(*, organisation_id: int, asset: Asset) -> Spending:
    """The organisation's rules as they are."""
    terms = {"organisation": organisation_id, "asset": asset}
    rule = SpendingRule.objects.filter(**terms).first()
    limits = SpendingLimit.objects.filter(**terms).values_list("role", "up_to")
    return Spending(rule.second_above if rule else None, dict(limits))


def spending_set(
    *,
    organisation: Organisation,
    asset: Asset,
    by: User,
    second_above: int | None,
    up_to: Mapping[str, int | None],
) -> Spending:
    """Sets all rules of an asset at once; None takes a bound away. Amounts in micro-units.

    Raises NotPermitted for who is not an owner of the organisation, ServiceError `invalid_limit`.
    """
    unknown = set(up_to) - APPROVERS - SPENDERS
    assert not unknown, unknown
    for amount in (second_above, *up_to.values()):
        _amount_check(amount)
    with recorded_as(user=by, source=_SOURCE), transaction.atomic():
        organisation_lock(organisation_id=organisation.pk)
        if role_of(organisation_id=organisation.pk, user=by) != Role.OWNER:
            raise NotPermitted(_("Only an owner of the organisation may change what it spends."))
        terms: dict[str, Any] = {"organisation": organisation, "asset": asset}
        if second_above is None:
            SpendingRule.objects.filter(**terms).delete()
        else:
            SpendingRule.objects.update_or_create(**terms, defaults={"second_above": second_above})
        for role, amount in up_to.items():
            if amount is None:
                SpendingLimit.objects.filter(**terms, role=role).delete()
            else:
                SpendingLimit.objects.update_or_create(
                    **terms, role=role, defaults={"up_to": amount}
                )
        return spending_of(organisation_id=organisation.pk, asset=asset)


def spend_check(*, owner: Owner, asset: Asset, by: User, total: int, approving: bool) -> None:
    """That `by` may spend `total` micro-units for the owner, or with `approving` let another do so.

    Within a transaction, with the organisation locked. Raises NotPermitted `scope_missing`, or
    `spending_limit` for more than the role allows.
    """
    assert connection.in_atomic_block
    if owner.organisation_id is None:
        if approving or owner.user_id != by.pk:
            raise _nobody()
        return
    role = writing_role_for(owner=owner, user=by)
    if role not in (APPROVERS if approving else SPENDERS):
        raise _nobody()
    bound = spending_of(organisation_id=owner.organisation_id, asset=asset).bound_of(role)
    if bound is not None and total > bound:
        raise NotPermitted(
            _("Your role allows %(bound)s %(asset)s at most. Ask a member who may spend more.")
            % {"bound": text_from_micro(bound), "asset": asset.code},
            code="spending_limit",
        )


def role_of(*, organisation_id: int, user: User) -> str:
    """The role of an active member who may write; empty for everybody else.

    For what is the organisation's own. For what is an account's, ask `roles.writing_role_for`.
    """
    if not may_write(user):
        return ""
    member = Membership.objects.filter(organisation=organisation_id, user=user)
    return member.values_list("role", flat=True).first() or ""


def organisation_lock(*, organisation_id: int) -> None:
    """Until the end of the transaction nobody else changes its rules, roles or approvals."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)


def _amount_check(amount: int | None) -> None:
    if amount is not None and not 0 <= amount <= AMOUNT_MAX:
        raise ServiceError(
            _("Name an amount of 0 or more, or leave it empty for no bound."), code="invalid_limit"
        )


def _nobody() -> NotPermitted:
    return NotPermitted(
        _("Your role in the organisation does not allow this."), code="scope_missing"
    )
