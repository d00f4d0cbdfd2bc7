"""An organisation says who it is: its owners prepare a verification, prove it and file it.

Everything here and every outcome holds the organisation's row, so that what staff decide is about
what was filed, and what takes a verified organisation is judged before a change or after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import (
    BeneficialOwner,
    Membership,
    Organisation,
    User,
    Verification,
)
from apps.accounts.models.verification import LEGAL_FIELDS
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import organisation_lock, role_of
from apps.accounts.verification import (
    OPEN_STATES,
    is_required,
    missing_in,
    says_otherwise,
    standing_of,
)

State = Verification.State
SOURCE: Final = "verification"
OWNERS_MAX: Final = 20
# The database refuses what takes a verified organisation too, unless it is told so.
_NOT_REQUIRED: Final = "SELECT set_config('ccmarket.organisation_verification', 'off', true)"


@dataclass(frozen=True, slots=True)
class Legal:
    """What an organisation says about itself; `country` by ISO 3166-1 alpha-2."""

    legal_name: str
    registration_number: str
    country: str
    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class Person:
    """To whom `share_bps` of 10,000 belong."""

    name: str
    share_bps: int
    country: str


def verified_require(*, owner: Owner) -> None:
    """That the owner is a person, or an organisation that is verified today.

    Within the transaction of what takes it. Raises NotPermitted `organisation_not_verified`.
    """
    assert connection.in_atomic_block
    if owner.organisation_id is None:
        return
    if not is_required():
        with connection.cursor() as cursor:
            cursor.execute(_NOT_REQUIRED)
        return
    organisation = Organisation(pk=owner.organisation_id)
    if not standing_of(organisation).is_verified:
        raise NotPermitted(
            _(
                "This takes a verified organisation. One of its owners files the verification "
                "on the page Account, Verification."
            ),
            code="organisation_not_verified",
        )


def verification_open(*, organisation: Organisation, by: User) -> Verification:
    """The verification that is being prepared or reviewed; a new one, from the last, if none is.

    Raises NotPermitted for who is not an owner.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        _lock_as_owner(organisation, by)
        last = organisation.verifications.order_by("-pk").first()
        if last is not None and last.state in OPEN_STATES:
            return last
        said = {name: getattr(last, name) for name in LEGAL_FIELDS} if last else {}
        made = Verification.objects.create(
            organisation=organisation,
            opened_by=by,
            language=translation.get_language() or settings.LANGUAGE_CODE,
            **({"legal_name": organisation.name, "country": organisation.country} | said),
        )
        for person in last.beneficial_owners.order_by("pk") if last else ():
            person.pk, person.verification, person._state.adding = None, made, True
            person.save()
        return made


def verification_write(
    *, verification: Verification, by: User, legal: Legal, people: Sequence[Person]
) -> Verification:
    """Sets what it says; it may lack something until it is filed.

    Raises NotPermitted, Conflict `verification_closed`, ServiceError `invalid_verification`.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        found = lock_to_write(verification, by)
        for name in LEGAL_FIELDS:
            setattr(found, name, getattr(legal, name).strip())
        rows = [
            BeneficialOwner(
                verification=found,
                name=person.name.strip(),
                share_bps=person.share_bps,
                country=person.country,
            )
            for person in people
        ]
        _check(found, rows)
        found.save(update_fields=LEGAL_FIELDS)
        if _said(found.beneficial_owners.order_by("pk")) != _said(rows):
            found.beneficial_owners.all().delete()
            BeneficialOwner.objects.bulk_create(rows)
    return found


def verification_file(*, verification: Verification, by: User) -> Verification:
    """Gives it to staff. If it says otherwise than what was approved, that ends here.

    Filing again changes nothing. Raises NotPermitted, Conflict `verification_closed`, ServiceError
    `verification_incomplete` with what is missing.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        _lock_as_owner(verification.organisation, by)
        found = Verification.objects.select_for_update(of=("self",)).get(pk=verification.pk)
        if found.state == State.FILED:
            return found
        _require_open(found)
        if missing := missing_in(found):
            raise ServiceError(" ".join(missing), code="verification_incomplete")
        found.state, found.filed_by, found.filed_at = State.FILED, by, timezone.now()
        found.save(update_fields=["state", "filed_by", "filed_at"])
        approved = _approved_before(found)
        if approved is not None and says_otherwise(found, approved):
            Organisation.objects.filter(pk=found.organisation_id).update(verified_until=None)
    return found


def lock_to_write(verification: Verification, by: User) -> Verification:
    """The verification as it is, for an owner who may still change it. Within a transaction.

    Raises NotPermitted, Conflict `verification_closed`.
    """
    _lock_as_owner(verification.organisation, by)
    found = Verification.objects.select_for_update(of=("self",)).get(pk=verification.pk)
    _require_open(found)
    return found


def _approved_before(filed: Verification) -> Verification | None:
    rows = filed.organisation.verifications.filter(state=State.APPROVED, pk__lt=filed.pk)
    return rows.order_by("-pk").first()


def _lock_as_owner(organisation: Organisation, by: User) -> None:
    organisation_lock(organisation_id=organisation.pk)
    if role_of(organisation_id=organisation.pk, user=by) != Membership.Role.OWNER:
        raise NotPermitted(_("Only an owner of the organisation may have it verified."))


def _require_open(verification: Verification) -> None:
    if not verification.is_open_to_its_owners:
        raise Conflict(
            _("It is filed and cannot be changed now: %(state)s.")
            % {"state": verification.get_state_display()},
            code="verification_closed",
        )


def _check(verification: Verification, people: Sequence[BeneficialOwner]) -> None:
    if len(people) > OWNERS_MAX:
        raise ServiceError(
            _("Name %(max)s people at most, the largest shares first.") % {"max": OWNERS_MAX},
            code="invalid_verification",
        )
    try:
        others = {field.name for field in verification._meta.fields} - {*LEGAL_FIELDS}
        verification.clean_fields(exclude=others)
        for person in people:
            person.full_clean(exclude=["verification"], validate_unique=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], code="invalid_verification", field=field) from error


def _said(people: Iterable[BeneficialOwner]) -> list[tuple[str, int, str]]:
    return [(it.name, it.share_bps, str(it.country)) for it in people]
