"""USDC and CC to a wallet, and where to send what is to come back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import ServiceError
from apps.accounts.second_factor import second_factor_required
from apps.nft.forms import SendCoinsForm
from apps.nft.selectors import coins as reads
from apps.nft.selectors.owners import account_tag
from apps.nft.services.coins import coin_withdraw


@login_required
@second_factor_required
@require_http_methods(["GET", "POST"])
def coins(request: HttpRequest) -> HttpResponse:
    """What left and came, and a form to send more."""
    who = acting(request)
    who.require(TRANSFER)
    form = SendCoinsForm(request.POST if request.method == "POST" else None, owner=who.owner)
    if form.is_valid():
        try:
            coin_withdraw(owner=who.owner, **form.order)
        except ServiceError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The coins are on their way to your wallet."))
            return redirect("coins")
    context = {
        "form": form,
        "vault": reads.vault_contract(),
        "coins": reads.coin_contracts(),
        "account": account_tag(who.owner),
        "withdrawals": reads.withdrawals_of(who.owner),
        "deposits": reads.deposits_of(who.owner),
    }
    return render(request, "nft/coins.html", context, status=422 if form.errors else 200)
