"""Invoices over the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.base import ApiView, errors
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import NotFound
from apps.accounts.invoicing import invoices_seen, lines_of
from apps.accounts.models import Invoice, InvoiceLine

LISTED_MAX = 240


class InvoiceOutput(serializers.Serializer[Any]):
    """An invoice; negative where more was paid back than taken."""

    number = serializers.IntegerField()
    name = serializers.CharField(help_text="The number as people write it.")
    month = serializers.SerializerMethodField(help_text="Like 2026-10, in UTC.")
    currency = serializers.CharField(source="asset.code")
    net = MicroField()
    tax = MicroField()
    total = MicroField()
    issued_at = serializers.DateTimeField()

    def get_month(self, invoice: Invoice) -> str:
        return f"{invoice.month:%Y-%m}"


class InvoiceLineOutput(serializers.Serializer[Any]):
    """All fees of one kind in one market."""

    account = serializers.CharField(
        source="account_name", help_text="The sub-account that paid; empty: the main one."
    )
    kind = serializers.ChoiceField(InvoiceLine.Kind.choices)
    market = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    amount = MicroField()


class InvoiceWholeOutput(InvoiceOutput):
    """With its lines, and who sold and bought."""

    tax_bps = serializers.IntegerField(help_text="The tax rate in 1/10,000.")
    tax_reason = serializers.CharField(allow_blank=True)
    seller_name = serializers.CharField()
    seller_address = serializers.CharField(allow_blank=True)
    seller_tax_id = serializers.CharField(allow_blank=True)
    buyer_name = serializers.CharField()
    buyer_address = serializers.CharField(allow_blank=True)
    buyer_country = serializers.CharField(allow_blank=True)
    buyer_number = serializers.CharField(allow_blank=True)
    lines = serializers.SerializerMethodField()

    @extend_schema_field(InvoiceLineOutput(many=True))
    def get_lines(self, invoice: Invoice) -> Any:
        return InvoiceLineOutput(lines_of(invoice), many=True).data


class InvoicesView(ApiView):
    """The owner's invoices."""

    @extend_schema(responses={200: InvoiceOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The latest 240, the newest first."""
        found = invoices_seen(acting(request))[:LISTED_MAX]
        return Response(InvoiceOutput(found, many=True).data)


class InvoiceView(ApiView):
    """One invoice."""

    @extend_schema(responses={200: InvoiceWholeOutput, **errors(401, 403, 404)})
    def get(self, request: Request, number: int) -> Response:
        """With its lines, as it was issued."""
        found = invoices_seen(acting(request)).filter(number=number).first()
        if found is None:
            raise NotFound(_("There is no such invoice."), code="invoice_not_found")
        return Response(InvoiceWholeOutput(found).data)
