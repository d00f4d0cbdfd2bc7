"""The dialog in which staff change what a market charges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.accounts.amounts import micro_from_text, text_from_micro
from apps.accounts.errors import ServiceError
from apps.orderbook.engine.fees import Tier
from apps.orderbook.models import Product
from apps.orderbook.selectors.fees import schedule_of


def _rate(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, widget=UnfoldAdminTextInputWidget)


class FeesForm(BaseDialogForm):
    """What everybody pays, and the tiers."""

    maker_bps = _rate(_("maker fee, basis points"), _("Below 0: a rebate."))
    taker_bps = _rate(_("taker fee, basis points"))
    tiers = forms.CharField(
        label=_("fee tiers"),
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text=_(
            "One a line, the best last: volume of 30 days, CC held, maker and taker fee. "
            "A dash where a tier is not reached by that. Example: 50000 - 5 10"
        ),
    )

    def __init__(self, *args: Any, object_id: Any = None, **kwargs: Any) -> None:
        product = Product.objects.filter(pk=object_id).first()
        if product is not None:
            base, tiers = schedule_of(product)
            kwargs["initial"] = {**base._asdict(), "tiers": tiers_text(tiers)}
        super().__init__(*args, object_id=object_id, **kwargs)

    def clean_tiers(self) -> list[Tier]:
        """One for each line that is not empty."""
        lines: str = self.cleaned_data["tiers"]
        return [_tier(line) for line in lines.splitlines() if line.strip()]


def _tier(line: str) -> Tier:
    try:
        volume, cc, maker_bps, taker_bps = line.split()
        return Tier(_least(volume), _least(cc), int(maker_bps), int(taker_bps))
    except (ValueError, ServiceError):
        message = gettext("This is not a tier: %(line)s") % {"line": line}
        raise ValidationError(message) from None


def _least(text: str) -> int | None:
    return None if text == "-" else micro_from_text(text)


def tiers_text(tiers: Iterable[Tier]) -> str:
    """Tiers as the dialog takes them."""
    return "\n".join(
        f"{_text(tier.volume_min)} {_text(tier.cc_min)} {tier.maker_bps} {tier.taker_bps}"
        for tier in tiers
    )


def _text(micro: int | None) -> str:
    return "-" if micro is None else text_from_micro(micro)
