"""What people fill in to have a bulk order carried out, or to decide on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import MicroFormField
from apps.orderbook.models import BulkExecution
from apps.orderbook.models.bulk import BPS
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
    wait_s = forms.TypedChoiceField(
        label=_("Wait for sellers"),
        choices=[
            (0, _("No")),
            (3_600, _("For one hour")),
            (8 * 3_600, _("For eight hours")),
            (86_400, _("For one day")),
            (3 * 86_400, _("For three days")),
            (7 * 86_400, _("For a week")),
            (30 * 86_400, _("For 30 days")),
        ],
        coerce=int,
        required=False,
        help_text=_("What is on offer at your limit is bought, the rest waits in the order books."),
    )
    limit_price = MicroFormField(
        label=_("Limit per tonne, without fees"),
        max_length=26,
        required=False,
        help_text=_("Left empty, each line waits at its highest price, or the plan's dearest."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    visible_bps = forms.TypedChoiceField(
        label=_("Others see"),
        choices=[
            (BPS, _("All that waits")),
            (BPS // 2, _("Half of it at a time")),
            (BPS // 4, _("A quarter of it at a time")),
            (BPS // 10, _("A tenth of it at a time")),
        ],
        coerce=int,
        required=False,
    )
    at_deadline = forms.ChoiceField(
        label=_("What nobody has sold by then"),
        choices=BulkExecution.AtDeadline.choices,
        required=False,
        help_text=_("At once it costs no more than the plan's dearest price, or what a line says."),
    )

    @property
    def waiting_fields(self) -> list[forms.BoundField]:
        """What only an order that waits is asked."""
        return [self[name] for name in ("wait_s", "limit_price", "visible_bps", "at_deadline")]

    @property
    def common_fields(self) -> list[forms.BoundField]:
        """What is asked in any case."""
        return [self[name] for name in ("total_max", "over_s", "keep")]

    @property
    def terms(self) -> dict[str, Any]:
        """The arguments of `bulk_order_execute` that the form decides."""
        said = {name: self.cleaned_data[name] for name in ("plan_id", "total_max", "keep")}
        said["over_s"] = self.cleaned_data["over_s"] or 0
        if wait_s := self.cleaned_data["wait_s"]:
            said["deadline"] = timezone.now() + timedelta(seconds=wait_s)
            said["visible_bps"] = self.cleaned_data["visible_bps"] or BPS
            said["at_deadline"] = (
                self.cleaned_data["at_deadline"] or BulkExecution.AtDeadline.CANCEL
            )
        # A limit without a time to wait is told, not passed over.
        return said | {"limit_price": self.cleaned_data["limit_price"]}

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
