"""Another beneficiary on a certificate, while it is young and the registry has not been told."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX, Retirement


class BeneficiaryCorrection(FourEyesModel):
    """What stood on a certificate, what stands there since, why, and who said so. Never changed."""

    retirement = models.ForeignKey(
        Retirement, models.PROTECT, related_name="corrections", verbose_name=_("retirement")
    )
    beneficiary_before = models.CharField(
        _("beneficiary before"), max_length=BENEFICIARY_CHARS_MAX, editable=False
    )
    beneficiary = models.CharField(_("right beneficiary"), max_length=BENEFICIARY_CHARS_MAX)
    reason = models.CharField(
        _("reason"), max_length=300, help_text=_("Who asked for it, and why it was wrong.")
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("correction of a beneficiary")
        verbose_name_plural = _("corrections of beneficiaries")
        constraints = [
            *FourEyesModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["retirement"],
                condition=models.Q(decision="pending"),
                name="registry_correction_pending_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.retirement}: {self.beneficiary}"
