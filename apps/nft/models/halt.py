"""Halts of the bridge, and how it starts again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel
from apps.nft.models.chain import ChainEvent


class BridgeHalt(models.Model):
    """The bridge sends nothing and moves nothing while a halt is not ended."""

    reason = models.TextField(_("reason"))
    event = models.ForeignKey(
        ChainEvent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="halts",
        verbose_name=_("event"),
        help_text=_("What could not be applied, where that is the reason."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("halted by"),
        help_text=_("Empty: the bridge itself."),
    )
    created_at = models.DateTimeField(_("halted at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("resumed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("bridge halt")
        verbose_name_plural = _("bridge halts")

    def __str__(self) -> str:
        return self.reason[:80]


class BridgeResume(FourEyesModel):
    """One member of staff proposes to end a halt, another decides. Approved, the halt has ended."""

    halt = models.ForeignKey(
        BridgeHalt, models.PROTECT, related_name="resumes", verbose_name=_("halt")
    )
    finding = models.TextField(
        _("finding"), help_text=_("What was wrong, and what was done about it.")
    )

    is_event_settled = models.BooleanField(
        _("the event was settled by hand"),
        default=False,
        help_text=_("Otherwise it is applied again once the bridge runs."),
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("resumption of the bridge")
        verbose_name_plural = _("resumptions of the bridge")
        constraints = [
            *FourEyesModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["halt"],
                condition=~models.Q(decision="rejected"),
                name="nft_resume_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.halt)
