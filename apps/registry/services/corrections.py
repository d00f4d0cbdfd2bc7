"""Correcting the beneficiary of a retirement: soon, before the registry is told, by two people."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import User
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.registry.models import BeneficiaryCorrection, RegistryRetirement, Retirement
from apps.registry.retiring import items_of
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.registry_retirements import texts_set


def correction_submit(*, proposal: BeneficiaryCorrection, by: User) -> BeneficiaryCorrection:
    """Records what the certificate should say. It says so once another person agrees.

    Raises NotPermitted, ServiceError `invalid_proposal` or `nothing_to_correct`, Conflict
    `on_chain`, `correction_too_late` or `registry_told`.
    """
    proposal.beneficiary = proposal.beneficiary.strip()
    proposal.reason = proposal.reason.strip()
    proposal.beneficiary_before = proposal.retirement.beneficiary
    if proposal.beneficiary == proposal.beneficiary_before:
        raise ServiceError(
            _("This is what the certificate says already."),
            code="nothing_to_correct",
            field="beneficiary",
        )
    with transaction.atomic():
        credit_class_lock(credit_class=proposal.retirement.credit_class)
        _check_open(proposal.retirement)
        return proposal_create(proposal=proposal, by=by)


def correction_decide(
    *, proposal: BeneficiaryCorrection, decision: str, by: User, note: str = ""
) -> BeneficiaryCorrection:
    """Approved, the certificate and the registry's work list say it from now on.

    Raises what `proposal_decide` raises, and the Conflicts of `correction_submit`.
    """
    return proposal_decide(proposal=proposal, decision=decision, by=by, note=note, apply=_correct)


def _correct(correction: BeneficiaryCorrection) -> None:
    retirement = correction.retirement
    credit_class_lock(credit_class=retirement.credit_class)
    _check_open(retirement)
    Retirement.objects.filter(pk=retirement.pk).update(beneficiary=correction.beneficiary)
    for item in items_of(retirement):
        if item.state == RegistryRetirement.State.READY:
            texts_set(item=item)
            item.save(update_fields=["beneficiary", "reason"])


def _check_open(retirement: Retirement) -> None:
    if retirement.source == Retirement.Source.CHAIN:
        raise Conflict(
            _(
                "This was retired on chain. Its beneficiary stands there for ever, and the "
                "certificate says the same; nobody can change it."
            ),
            code="on_chain",
        )
    days = settings.BENEFICIARY_CORRECTION_DAYS
    if timezone.now() > retirement.created_at + timedelta(days=days):
        raise Conflict(
            _("A beneficiary can be corrected within %(days)s days. That time is over.")
            % {"days": days},
            code="correction_too_late",
        )
    if any(item.confirmation_id is not None for item in items_of(retirement)):
        raise Conflict(
            _("The registry has been told this beneficiary already. It cannot be corrected here."),
            code="registry_told",
        )
