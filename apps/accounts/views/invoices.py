"""Invoices for fees: page, paper and file, for whoever may see the account."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.acting import acting
from apps.accounts.amounts import text_from_micro
from apps.accounts.invoice_paper import invoice_pdf
from apps.accounts.invoicing import invoices_seen, lines_of
from apps.accounts.models import Invoice
from apps.accounts.spreadsheets import csv_response

LISTED_MAX = 240
_HEADER = ("number", "issued", "month", "currency", "kind", "market", "count", "amount", "account")


@require_safe
@login_required
@never_cache
def invoices(request: HttpRequest) -> HttpResponse:
    """The invoices of twenty years in one currency, or of ten in two."""
    who = acting(request)
    context = {"owner": who.owner, "invoices": invoices_seen(who)[:LISTED_MAX]}
    return render(request, "accounts/invoices.html", context)


@require_safe
@login_required
@never_cache
def invoice(request: HttpRequest, number: int) -> HttpResponse:
    """One invoice as it was issued."""
    found = _found(request, number)
    context = {"invoice": found, "lines": lines_of(found)}
    return render(request, "accounts/invoice.html", context)


@require_safe
@login_required
@never_cache
def pdf(request: HttpRequest, number: int) -> HttpResponse:
    """The same on paper, in the reader's language."""
    found = _found(request, number)
    response = HttpResponse(invoice_pdf(found), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.name}.pdf"'
    return response


@require_safe
@login_required
@never_cache
def csv(request: HttpRequest, number: int) -> HttpResponseBase:
    """Its lines, then net, tax and total."""
    found = _found(request, number)
    return csv_response(name=f"{found.name}.csv", header=_HEADER, rows=_rows(found))


def _rows(invoice: Invoice) -> Iterator[list[object]]:
    said: list[object] = [invoice.name, invoice.issued_at.isoformat(), f"{invoice.month:%Y-%m}"]
    said.append(invoice.asset.code)
    for line in lines_of(invoice):
        row = [line.kind, line.market, line.count, _number(line.amount), line.account_name]
        yield [*said, *row]
    for name, sum_ in (("net", invoice.net), ("tax", invoice.tax), ("total", invoice.total)):
        yield [*said, name, "", "", _number(sum_), ""]


def _number(amount: int) -> Decimal:
    # As text, what was paid back would be taken for a formula.
    return Decimal(text_from_micro(amount))


def _found(request: HttpRequest, number: int) -> Invoice:
    found = invoices_seen(acting(request)).filter(number=number).first()
    if found is None:
        raise Http404(number)
    return found
