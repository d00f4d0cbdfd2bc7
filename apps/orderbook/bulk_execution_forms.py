"""What people fill in to have a bulk order carried out, or to decide on it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import MicroFormField
from apps.orderbook.models import BulkExecution
from apps.orderbook.services.bulk_approvals import NOTE_CHARS_MAX


class BulkExecuteForm(forms.Form):
    """The plan that the member looked at, the total that it may not pass, and what comes after."""

    plan_id = forms.IntegerField(widget=forms.HiddenInput)
    total_max = MicroFormField(
        label=_("Most it may cost, with fees"),
        max_length=26,
        help_text=_("Prices may move until it is bought. It never costs more than this."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    over_s = forms.TypedChoiceField(
        label=_("Buy it"),
        choices=[
            (0, _("At once")),
            (3_600, _("In parts over one hour")),
            (8 * 3_600, _("In parts over eight hours")),
            (86_400, _("In parts over one day")),
            (3 * 86_400, _("In parts over three days")),
            (7 * 86_400, _("In parts over a week")),
        ],
        coerce=int,
        required=False,
        help_text=_("In parts, books have time to fill again between them."),
    )
    keep = forms.ChoiceField(
        label=_("Once it is bought"),
        choices=BulkExecution.Keep.choices,
        initial=BulkExecution.Keep.RETIRE,
    )

    @property
    def terms(self) -> dict[str, Any]:
        """The arguments of `bulk_order_execute` that the form decides."""
        said = {name: self.cleaned_data[name] for name in ("plan_id", "total_max", "keep")}
        return said | {"over_s": self.cleaned_data["over_s"] or 0}

    def refuse(self, error: Any) -> None:
        """Shows a service's refusal beside the field it is about."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class BulkDecisionForm(forms.Form):
    """What a member decides about what another asked for."""

    execution_id = forms.IntegerField(widget=forms.HiddenInput)
    note = forms.CharField(label=_("Note"), required=False, max_length=NOTE_CHARS_MAX)
    approve = forms.TypedChoiceField(
        choices=[("yes", _("Approve")), ("no", _("Turn down"))], coerce=lambda said: said == "yes"
    )
