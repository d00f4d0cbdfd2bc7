"""Retirements, to look at; and corrections of whom they are for, by two people."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.finding import owners_found
from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.units import mass_text
from apps.registry.models import BeneficiaryCorrection, CreditClass, Retirement
from apps.registry.services.corrections import correction_decide, correction_submit


class ConfirmedFilter(admin.SimpleListFilter):
    """Whether the registry has confirmed."""

    title = _("at the registry")
    parameter_name = "confirmed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("Confirmed")), ("no", gettext("Not yet"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Retirement]
    ) -> QuerySet[Retirement]:
        if self.value() is None:
            return queryset
        return queryset.filter(registry_confirmed_at__isnull=self.value() == "no")


@admin.register(Retirement)
class RetirementAdmin(LongListAdmin):
    """What was retired, for whom. The registry's confirmation comes from its own work list."""

    list_display = ("number", "amount", "credit_class", "beneficiary", "created_at", "is_confirmed")
    list_filter = ("source", ConfirmedFilter)
    list_select_related = ("credit_class",)
    search_fields = ("number",)
    search_help_text = _(
        "A number, a credit class, or how the beneficiary's or owner's name begins"
    )
    fields: ClassVar[tuple[str, ...]] = (
        *("number", "page", "credit_class", "amount", "beneficiary", "message", "period_start"),
        *("period_end", "owner", "user", "source", "created_at", "registry_confirmed_at"),
        "registry_reference",
    )
    readonly_fields = fields

    @display(description=_("amount"))  # type: ignore[untyped-decorator]
    def amount(self, retirement: Retirement) -> str:
        """In the unit that reads best."""
        return mass_text(retirement.amount_grams)

    def rows_found(self, rows: QuerySet[Retirement], term: str) -> QuerySet[Retirement]:
        if credit_class := CreditClass.objects.filter(code=term.upper()).first():
            return rows.filter(credit_class=credit_class)
        known = Retirement.objects.order_by().values("pk")
        found = known.filter(number=term.upper()).union(
            known.filter(beneficiary__istartswith=term),
            known.filter(owner__in=owners_found(term)),
        )
        return rows.filter(pk__in=found)

    @display(description=_("confirmed"), boolean=True)  # type: ignore[untyped-decorator]
    def is_confirmed(self, retirement: Retirement) -> bool:
        """By the registry."""
        return retirement.registry_confirmed_at is not None

    @display(description=_("certificate"))  # type: ignore[untyped-decorator]
    def page(self, retirement: Retirement) -> SafeString:
        """Its public page."""
        url = reverse("certificate", args=[retirement.number])
        return format_html('<a href="{}">{}</a>', url, retirement.number)


@admin.register(BeneficiaryCorrection)
class BeneficiaryCorrectionAdmin(FourEyesAdmin):
    """Approving changes the certificate and the registry's work list; the old name stays here."""

    proposal_fields = ("retirement", "beneficiary", "reason")
    display_fields = ("retirement", "beneficiary_before", "beneficiary", "reason")
    propose = staticmethod(correction_submit)
    decide = staticmethod(correction_decide)

    list_display = (
        *("retirement", "beneficiary_before", "beneficiary", "decision", "proposed_by"),
        "decided_by",
    )
    list_select_related: ClassVar[tuple[str, ...]] = ("retirement", "proposed_by", "decided_by")
    search_fields = ("=retirement__number",)
    autocomplete_fields = ("retirement",)
