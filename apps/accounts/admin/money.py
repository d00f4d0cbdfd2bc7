"""Bank transfers: one member of staff records, another lets the money in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.amounts import text_from_micro
from apps.accounts.forms import MicroFormField
from apps.accounts.ledger.models import Asset
from apps.accounts.models import BankTransfer
from apps.accounts.services.bank_transfers import bank_transfer_decide, bank_transfer_submit


class BankTransferForm(forms.ModelForm):  # type: ignore[type-arg]
    """As the bank statement has it."""

    amount = MicroFormField(
        label=_("Amount"), help_text=_("Like 1250.00"), widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = BankTransfer
        fields = ("owner", "asset", "amount", "bank_reference")


@admin.register(BankTransfer)
class BankTransferAdmin(FourEyesAdmin):
    """Approving credits the owner's cash balance at once."""

    form = BankTransferForm
    proposal_fields = ("owner", "asset", "amount", "bank_reference")
    display_fields = ("owner", "asset", "amount_text", "bank_reference")
    propose = staticmethod(bank_transfer_submit)
    decide = staticmethod(bank_transfer_decide)

    list_display = ("bank_reference", "owner", "amount_text", "asset", "decision", "proposed_by")
    list_select_related = ("owner__user", "owner__organisation", "asset", "proposed_by")
    search_fields = ("bank_reference", "owner__user__email", "owner__organisation__name")
    autocomplete_fields = ("owner",)

    @display(description=_("amount"), ordering="amount")  # type: ignore[untyped-decorator]
    def amount_text(self, transfer: BankTransfer) -> str:
        """In whole units."""
        return text_from_micro(transfer.amount, decimals_min=2)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "asset":
            kwargs["queryset"] = Asset.objects.filter(kind=Asset.Kind.CASH)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
