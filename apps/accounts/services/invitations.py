"""Inviting people into an organisation: by mail, for one role, to the address that was named.

The link is signed, not stored. It lets its bearer see the invitation and decline it; only a person
who has confirmed that very address as theirs can accept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotFound, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import Invitation, Membership, Organisation, User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.links import public_id_of, signed_link
from apps.accounts.services.mailing import is_address, mail_once
from apps.accounts.services.organisations import SOURCE, lock_as_owner
from apps.accounts.services.spending import organisation_lock
from apps.accounts.services.sub_accounts import limit_read, limit_write

OPEN_MAX: Final = 100
AT_ONCE_MAX: Final = 100


def invitation_create(
    *, organisation: Organisation, email: str, role: str, by: User, accounts: Iterable[Owner] = ()
) -> Invitation:
    """Invites whom the address belongs to; the mail follows. One that was open is replaced.

    For all accounts, or for `accounts` alone. Raises NotPermitted for who is not an owner,
    NotFound for another's account, ServiceError `email_invalid`, Conflict `already_member`,
    `too_many_invitations`, `owner_not_limited`.
    """
    assert role in Membership.Role.values, role
    email = email.strip()
    if not is_address(email):
        raise ServiceError(_("Give an email address."), code="email_invalid", field="email")
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        lock_as_owner(organisation, by)
        wanted = limit_read(organisation, accounts, role)
        if organisation.memberships.filter(user__email__iexact=email).exists():
            raise Conflict(
                _("This person is a member already. Change their role instead."),
                code="already_member",
            )
        opened = Invitation.objects.filter(organisation=organisation, state=Invitation.State.OPEN)
        for former in opened.filter(email__iexact=email):
            _end(former, Invitation.State.REVOKED)
        if opened.filter(expires_at__gt=timezone.now()).count() >= OPEN_MAX:
            raise Conflict(
                _("%(max)s invitations are open. Take some back first.") % {"max": OPEN_MAX},
                code="too_many_invitations",
            )
        invitation = Invitation.objects.create(
            organisation=organisation,
            email=email,
            role=role,
            invited_by=by,
            language=translation.get_language() or settings.LANGUAGE_CODE,
            expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
        )
        invitation.accounts.set(wanted)
        return invitation


def invitation_revoke(*, invitation: Invitation, by: User) -> Invitation:
    """An owner takes it back. Raises NotPermitted, Conflict `invitation_ended`."""
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        lock_as_owner(invitation.organisation, by)
        found = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if found.state != Invitation.State.REVOKED:
            _require_state_open(found)
            _end(found, Invitation.State.REVOKED)
        return found


def invitation_accept(*, invitation: Invitation, user: User) -> Membership:
    """Makes the person a member; accepting again changes nothing.

    Raises Conflict `invitation_ended`, `invitation_other_address`, `already_member`.
    """
    with recorded_as(user=user, source=SOURCE), transaction.atomic():
        organisation_lock(organisation_id=invitation.organisation_id)
        found = Invitation.objects.select_for_update().get(pk=invitation.pk)
        _require_address(found, user)
        membership = Membership.objects.filter(
            organisation=found.organisation_id, user=user
        ).first()
        if membership is not None and found.state == Invitation.State.ACCEPTED:
            return membership
        if not found.is_open:
            raise _ended()
        if membership is not None:
            raise Conflict(
                _("You are a member already. An owner can change your role."),
                code="already_member",
            )
        _end(found, Invitation.State.ACCEPTED)
        member = Membership.objects.create(
            organisation_id=found.organisation_id, user=user, role=found.role
        )
        if accounts := set(found.accounts.values_list("pk", flat=True)):
            limit_write(member, accounts)
        return member


def invitation_decline(*, invitation: Invitation) -> Invitation:
    """Whoever has the link may. Raises Conflict `invitation_ended`."""
    with transaction.atomic():
        found = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if found.state != Invitation.State.DECLINED:
            _require_state_open(found)
            _end(found, Invitation.State.DECLINED)
        return found


def invitations_mail() -> None:
    """Mails what was not mailed, a hundred at once, each in the language of who invited."""
    waiting = Invitation.objects.filter(state=Invitation.State.OPEN, mailed_at=None)
    for invitation in waiting.select_related("organisation", "invited_by").order_by("pk")[
        :AT_ONCE_MAX
    ]:
        with translation.override(invitation.language):
            _mail(invitation)


def invitation_link(invitation: Invitation) -> str:
    """Where it is accepted or declined."""
    return signed_link("invitation", invitation.public_id)


def invitation_of_token(token: str) -> Invitation:
    """The invitation of a link. Raises NotFound."""
    rows = Invitation.objects.select_related("organisation", "invited_by")
    found = rows.filter(public_id=public_id_of(token, "invitation")).first()
    if found is None:
        raise NotFound(_("There is no such invitation. Copy the whole link."))
    return found


def _mail(invitation: Invitation) -> None:
    words = {
        "by": invitation.invited_by,
        "organisation": invitation.organisation,
        "role": invitation.get_role_display(),
        "link": invitation_link(invitation),
        "until": f"{invitation.expires_at:%Y-%m-%d}",
    }
    text = _(
        "%(by)s invites you to act for %(organisation)s on ccmarket as: %(role)s.\n\n"
        "Accept or decline until %(until)s here:\n%(link)s\n"
    )
    subject = _("An invitation to %(organisation)s") % words
    mail_once(invitation, to=invitation.email, subject=subject, text=text % words)


def _require_address(invitation: Invitation, user: User) -> None:
    confirmed = EmailAddress.objects.filter(
        user=user, verified=True, email__iexact=invitation.email
    )
    if not confirmed.exists():
        raise Conflict(
            _("This invitation is for %(email)s. Sign in with that address, or add it to yours.")
            % {"email": invitation.email},
            code="invitation_other_address",
        )


def _require_state_open(invitation: Invitation) -> None:
    if invitation.state != Invitation.State.OPEN:
        raise _ended()


def _ended() -> Conflict:
    return Conflict(
        _("This invitation was answered, taken back, or has expired. Ask for another one."),
        code="invitation_ended",
    )


def _end(invitation: Invitation, state: Invitation.State) -> None:
    invitation.state, invitation.ended_at = state, timezone.now()
    invitation.save(update_fields=["state", "ended_at"])
