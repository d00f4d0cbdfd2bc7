"""Monthly statements of the account: on the page, as a PDF, and every movement as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.acting import acting
from apps.accounts.amounts import text_from_micro
from apps.accounts.ledger.models import Owner
from apps.accounts.roles import sees_the_whole
from apps.accounts.spreadsheets import csv_response
from apps.accounts.statement_paper import statement_pdf
from apps.accounts.statements import Month, months_of, rows_of, statement_of

_HEADER = ("at", "asset", "what", "reference", "in", "out", "balance")


@require_safe
@login_required
@never_cache
def statements(request: HttpRequest) -> HttpResponse:
    """The months that there are statements of."""
    asked = _asked(request)
    return render(
        request,
        "accounts/statements.html",
        {**asked._asdict(), "months": months_of(asked.owner, whole=asked.whole)},
    )


@require_safe
@login_required
@never_cache
def statement(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """One month, asset by asset."""
    asked = _asked(request)
    of = _month(asked, year, month)
    items = statement_of(asked.owner, of, whole=asked.whole)
    context = {**asked._asdict(), "month": of, "items": items}
    return render(request, "accounts/statement.html", context)


@require_safe
@login_required
@never_cache
def pdf(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The same on paper, in the reader's language."""
    asked = _asked(request)
    of = _month(asked, year, month)
    paper = statement_pdf(asked.owner, of, whole=asked.whole)
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(asked, of)}.pdf"'
    return response


@require_safe
@login_required
@never_cache
def csv(request: HttpRequest, year: int, month: int) -> HttpResponseBase:
    """Every movement of the month, between each asset's opening and closing balance."""
    asked = _asked(request)
    of = _month(asked, year, month)
    name = f"{_file_name(asked, of)}.csv"
    return csv_response(name=name, header=_HEADER, rows=_rows(asked, of))


class _Asked(NamedTuple):
    """Whose statement: one account's, or with `whole` that of all of an organisation's. `query` is
    what addresses of the same end with."""

    owner: Owner
    whole: bool
    has_whole: bool
    query: str


def _asked(request: HttpRequest) -> _Asked:
    who = acting(request)
    has_whole = sees_the_whole(owner=who.owner, user=who.user)
    has_whole = has_whole and who.owner.sub_accounts.exists()
    whole = request.GET.get("accounts") == "all"
    if whole and not has_whole:
        raise Http404("there is no other account to see")
    return _Asked(who.owner, whole, has_whole, "?accounts=all" if whole else "")


def _file_name(asked: _Asked, month: Month) -> str:
    return f"statement-{month.name}{'-all-accounts' if asked.whole else ''}"


def _rows(asked: _Asked, month: Month) -> Iterator[list[str]]:
    for item in statement_of(asked.owner, month, whole=asked.whole):
        code = item.asset.code
        opening, closing = text_from_micro(item.opening), text_from_micro(item.closing)
        yield [month.start.isoformat(), code, "opening", "", "", "", opening]
        for row in rows_of(asked.owner, month, item, whole=asked.whole):
            amount = text_from_micro(abs(row.amount))
            came, went = (amount, "") if row.amount > 0 else ("", amount)
            said = [row.kind.name.lower(), str(row.reference), came, went]
            yield [row.at.isoformat(), code, *said, text_from_micro(row.balance)]
        yield [month.end.isoformat(), code, "closing", "", "", "", closing]


def _month(asked: _Asked, year: int, month: int) -> Month:
    found = Month(year, month)
    if found not in months_of(asked.owner, whole=asked.whole):
        raise Http404(found)
    return found
