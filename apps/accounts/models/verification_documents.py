"""What an organisation proves itself by, and who looked at it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.identity import User
from apps.accounts.models.verification import Verification


class VerificationDocument(models.Model):
    """A PDF or picture. What lies in `file` is encrypted like a secret, with settings' keys.

    One that was taken away before it was filed leaves its row, and no file.
    """

    class Kind(models.TextChoices):
        REGISTER = "register", _("Extract from the register")
        ARTICLES = "articles", _("Articles of association")
        OWNERSHIP = "ownership", _("Who owns it")
        IDENTITY = "identity", _("Identity of a person")
        ADDRESS = "address", _("Proof of the address")
        OTHER = "other", _("Something else")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    verification = models.ForeignKey(Verification, models.PROTECT, related_name="documents")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    name = models.CharField(_("name"), max_length=120, help_text=_("As it was called."))
    ending = models.CharField(_("type"), max_length=4)
    size_bytes = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField("SHA-256", max_length=64)
    file = models.CharField(max_length=120, unique=True, editable=False)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("added by"))
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    removed_at = models.DateTimeField(_("taken away"), null=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"


class DocumentLook(models.Model):
    """Somebody was given a document to read. Append-only."""

    document = models.ForeignKey(
        VerificationDocument, models.PROTECT, related_name="looks", verbose_name=_("document")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who"))
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("look at a document")
        verbose_name_plural = _("looks at documents")

    def __str__(self) -> str:
        return f"{self.by}: {self.document}"
