"""How the bridge starts again after a halt."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel
from apps.nft.models.bridge import BridgeHalt


class BridgeResume(FourEyesModel):
    """One member of staff proposes to end a halt, another decides. Approved, the halt has ended."""

    halt = models.ForeignKey(
        BridgeHalt, models.PROTECT, related_name="resumes", verbose_name=_("halt")
    )
    finding = models.TextField(
        _("finding"), help_text=_("What was wrong, and what was done about it.")
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
