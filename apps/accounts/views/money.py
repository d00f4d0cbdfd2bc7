"""How money comes in, and everything that ever moved."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.acting import acting
from apps.accounts.forms import HistoryForm
from apps.accounts.references import reference_of
from apps.accounts.selectors import balances_of, transfers_of


@login_required
@require_GET
def deposit(request: HttpRequest) -> HttpResponse:
    """Our bank account, and the reference by which we know whose transfer it is."""
    now = acting(request)
    context = {
        "acting": now,
        "reference": reference_of(now.owner),
        "account_name": settings.BANK_ACCOUNT_NAME,
        "iban": settings.BANK_IBAN,
        "bic": settings.BANK_BIC,
    }
    return render(request, "accounts/deposit.html", context)


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """`?asset=CODE&before=ID`: one page of what came in and went out, newest first."""
    now = acting(request)
    assets = [balance.asset for balance in balances_of(now.owner)]
    form = HistoryForm(request.GET, assets=assets)
    chosen = form.cleaned_data if form.is_valid() else {}
    by_code = {asset.code: asset for asset in assets}
    page = transfers_of(
        now.owner, asset=by_code.get(chosen.get("asset", "")), before=chosen.get("before")
    )
    context = {"acting": now, "form": form, "page": page}
    return render(request, "accounts/history.html", context)
