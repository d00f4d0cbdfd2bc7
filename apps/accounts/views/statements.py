"""Monthly statements of the account: on the page, as a PDF, and every movement as a file."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.acting import acting
from apps.accounts.amounts import text_from_micro
from apps.accounts.ledger.models import Owner
from apps.accounts.spreadsheets import csv_response
from apps.accounts.statement_paper import statement_pdf
from apps.accounts.statements import Month, months_of, rows_of, statement_of

_HEADER = ("at", "asset", "what", "reference", "in", "out", "balance")


@require_safe
@login_required
@never_cache
def statements(request: HttpRequest) -> HttpResponse:
    """The months that there are statements of."""
    owner = acting(request).owner
    return render(request, "accounts/statements.html", {"owner": owner, "months": months_of(owner)})


@require_safe
@login_required
@never_cache
def statement(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """One month, asset by asset."""
    owner, asked = acting(request).owner, _month(request, year, month)
    context = {"owner": owner, "month": asked, "items": statement_of(owner, asked)}
    return render(request, "accounts/statement.html", context)


@require_safe
@login_required
@never_cache
def pdf(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The same on paper, in the reader's language."""
    asked = _month(request, year, month)
    paper = statement_pdf(acting(request).owner, asked)
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="statement-{asked.name}.pdf"'
    return response


@require_safe
@login_required
@never_cache
def csv(request: HttpRequest, year: int, month: int) -> HttpResponseBase:
    """Every movement of the month, between each asset's opening and closing balance."""
    asked = _month(request, year, month)
    rows = _rows(acting(request).owner, asked)
    return csv_response(name=f"statement-{asked.name}.csv", header=_HEADER, rows=rows)


def _rows(owner: Owner, month: Month) -> Iterator[list[str]]:
    for item in statement_of(owner, month):
        code = item.asset.code
        opening, closing = text_from_micro(item.opening), text_from_micro(item.closing)
        yield [month.start.isoformat(), code, "opening", "", "", "", opening]
        for row in rows_of(owner, month, item):
            amount = text_from_micro(abs(row.amount))
            came, went = (amount, "") if row.amount > 0 else ("", amount)
            said = [row.kind.name.lower(), str(row.reference), came, went]
            yield [row.at.isoformat(), code, *said, text_from_micro(row.balance)]
        yield [month.end.isoformat(), code, "closing", "", "", "", closing]


def _month(request: HttpRequest, year: int, month: int) -> Month:
    asked = Month(year, month)
    if asked not in months_of(acting(request).owner):
        raise Http404(asked)
    return asked
