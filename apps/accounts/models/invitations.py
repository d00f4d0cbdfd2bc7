"""Asking somebody by mail to become a member of an organisation."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Owner
from apps.accounts.models.identity import Membership, Organisation, User


class Invitation(models.Model):
    """A role that waits for whom the address belongs to. Open ones end by `expires_at`.

    It is for all accounts of the organisation, unless `accounts` names some.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REVOKED = "revoked", _("Taken back")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="invitations", verbose_name=_("organisation")
    )
    email = models.EmailField(_("email address"))
    role = models.CharField(_("role"), max_length=12, choices=Membership.Role)
    accounts = models.ManyToManyField(
        Owner, blank=True, related_name="+", verbose_name=_("only for these accounts")
    )
    invited_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("invited by")
    )
    language = models.CharField(_("language"), max_length=12)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("invited"), auto_now_add=True)
    expires_at = models.DateTimeField(_("until"))
    mailed_at = models.DateTimeField(_("mailed"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state="open", mailed_at=None),
                name="accounts_invitation_to_mail",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                "organisation",
                Lower("email"),
                condition=Q(state="open"),
                name="accounts_invitation_open_once",
            ),
            models.CheckConstraint(
                name="accounts_invitation_ends_once",
                condition=Q(state="open", ended_at=None)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.organisation} · {self.get_role_display()}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be accepted."""
        return self.state == self.State.OPEN and self.expires_at > timezone.now()
