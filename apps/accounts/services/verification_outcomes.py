"""What staff find about an organisation: one proposes, another decides, mails tell its owners."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import (
    Membership,
    Organisation,
    User,
    Verification,
    VerificationOutcome,
)
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import organisation_lock
from apps.accounts.services.verifications import SOURCE
from apps.accounts.verification import RENEW_DAYS, today

State = Verification.State
Outcome = VerificationOutcome.Outcome
AT_ONCE_MAX: Final = 100
_STATE_AFTER: Final = {
    Outcome.APPROVE: State.APPROVED,
    Outcome.MORE: State.MORE,
    Outcome.REFUSE: State.REFUSED,
}


def outcome_submit(*, proposal: VerificationOutcome, by: User) -> VerificationOutcome:
    """Records what was found. Nothing changes for the organisation yet.

    Raises NotPermitted (`own_organisation` too), ServiceError `invalid_proposal`,
    `invalid_until`, Conflict `verification_not_filed`.
    """
    _require_stranger(proposal.verification, by)
    _require_reviewable(proposal.verification, proposal.outcome)
    proposal.reason = proposal.reason.strip()
    if proposal.outcome == Outcome.APPROVE:
        _until_settle(proposal)
    else:
        proposal.valid_until = None
    with recorded_as(user=by, source=SOURCE):
        return proposal_create(proposal=proposal, by=by)


def outcome_decide(
    *, proposal: VerificationOutcome, decision: str, by: User, note: str = ""
) -> VerificationOutcome:
    """Approved, it takes effect at once; rejected, the verification waits as before.

    Raises what `proposal_decide` raises, NotPermitted `own_organisation`, and Conflict
    `verification_not_filed`.
    """
    _require_stranger(proposal.verification, by)
    with recorded_as(user=by, source=SOURCE):
        return proposal_decide(
            proposal=proposal, decision=decision, by=by, note=note, apply=_take_effect
        )


def until_longest() -> date:
    """The last day that an approval of today may have."""
    return today() + timedelta(days=settings.ORGANISATION_VERIFICATION_DAYS)


def verification_mails_send() -> None:
    """Tells owners what was found, that an approval ends soon, and that it has ended."""
    decided = VerificationOutcome.objects.filter(decision="approved")
    # Only what an organisation goes by: a newer approval, or its end, has its own mail.
    current = decided.filter(
        outcome=Outcome.APPROVE, valid_until=F("verification__organisation__verified_until")
    )
    soon = today() + timedelta(days=RENEW_DAYS)
    _mail_each(decided, "mailed_at")
    _mail_each(current.filter(valid_until__range=(today(), soon)), "reminded_at")
    _mail_each(current.filter(valid_until__lt=today()), "lapsed_at")


def _require_stranger(verification: Verification, by: User) -> None:
    if Membership.objects.filter(organisation=verification.organisation_id, user=by).exists():
        raise NotPermitted(
            _("You are a member of this organisation. Other staff have to look at it."),
            code="own_organisation",
        )


def _require_reviewable(verification: Verification, outcome: str) -> None:
    """What is filed; and an approval can be ended by refusing what it was given for."""
    may = {State.FILED} | ({State.APPROVED} if outcome == Outcome.REFUSE else set())
    if verification.state not in may:
        raise Conflict(
            _("This verification is not under review: %(state)s.")
            % {"state": verification.get_state_display()},
            code="verification_not_filed",
        )


def _until_settle(proposal: VerificationOutcome) -> None:
    longest = until_longest()
    proposal.valid_until = proposal.valid_until or longest
    if not today() < proposal.valid_until <= longest:
        raise ServiceError(
            _("Choose a day after today, and no later than %(day)s.") % {"day": longest},
            code="invalid_until",
            field="valid_until",
        )


def _take_effect(outcome: VerificationOutcome) -> None:
    organisation_id = outcome.verification.organisation_id
    organisation_lock(organisation_id=organisation_id)
    found = Verification.objects.select_for_update(of=("self",)).get(pk=outcome.verification_id)
    _require_reviewable(found, outcome.outcome)
    ends_approval = found.state == State.APPROVED
    found.state = _STATE_AFTER[Outcome(outcome.outcome)]
    found.save(update_fields=["state"])
    organisation = Organisation.objects.filter(pk=organisation_id)
    if outcome.outcome == Outcome.APPROVE:
        organisation.update(verified_until=outcome.valid_until)
    elif ends_approval and not _approved_later(found):
        organisation.update(verified_until=None)


def _approved_later(verification: Verification) -> bool:
    later = Verification.objects.filter(
        organisation=verification.organisation_id, pk__gt=verification.pk, state=State.APPROVED
    )
    return later.exists()


def _mail_each(outcomes: QuerySet[VerificationOutcome], mark: str) -> None:
    """Each is claimed before it is mailed, so that two sweeps mail it once."""
    due = outcomes.filter(**{mark: None}).select_related("verification__organisation")
    for outcome in due.order_by("pk")[:AT_ONCE_MAX]:
        rows = VerificationOutcome.objects.filter(pk=outcome.pk)
        if not rows.filter(**{mark: None}).update(**{mark: timezone.now()}):
            continue
        try:
            with translation.override(outcome.verification.language):
                _mail(outcome, mark)
        except OSError:
            # The mail server is away: the next sweep tries again.
            rows.update(**{mark: None})


def _mail(outcome: VerificationOutcome, mark: str) -> None:
    subject, text = _words(outcome, mark)
    link = settings.BASE_URL + reverse("verification")
    body = "\n\n".join(part for part in (text, outcome.reason, link) if part) + "\n"
    owners = Membership.objects.filter(
        organisation=outcome.verification.organisation_id,
        role=Membership.Role.OWNER,
        user__is_active=True,
    )
    for member in owners.select_related("user").order_by("pk"):
        send_mail(" ".join(subject.split()), body, None, [member.user.email])


def _words(outcome: VerificationOutcome, mark: str) -> tuple[str, str]:
    said = {"name": outcome.verification.organisation, "until": outcome.valid_until}
    if mark == "reminded_at":
        subject = _("The verification of %(name)s ends on %(until)s")
        text = _("Have the organisation verified again before then, so that nothing has to wait.")
    elif mark == "lapsed_at":
        subject = _("The verification of %(name)s has ended")
        text = _("Have it verified again: until then it can only look, plan and trade.")
    elif outcome.outcome == Outcome.APPROVE:
        subject = _("%(name)s is verified")
        text = _("It may now do everything, until %(until)s.")
    elif outcome.outcome == Outcome.MORE:
        subject = _("More is asked for to verify %(name)s")
        text = _("Our staff have looked at what you filed, and ask:")
    else:
        subject = _("%(name)s could not be verified")
        text = _("Our staff have looked at what you filed. The reason is:")
    return subject % said, text % said
