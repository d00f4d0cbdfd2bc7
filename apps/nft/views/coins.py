"""USDC and CC to a wallet, and where to send what is to come back."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import ServiceError
from apps.accounts.second_factor import second_factor_required
from apps.nft.forms import DepositCoinsForm, SendCoinsForm
from apps.nft.selectors import coins as reads
from apps.nft.selectors.owners import account_tag
from apps.nft.selectors.redeeming import deposit_calls
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
        "deposit_form": DepositCoinsForm(owner=who.owner),
        "vault": reads.vault_contract(),
        "coins": reads.coin_contracts(),
        "account": account_tag(who.owner),
        "withdrawals": reads.withdrawals_of(who.owner),
        "deposits": reads.deposits_of(who.owner),
    }
    return render(request, "nft/coins.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
@never_cache
def deposit_call(request: HttpRequest) -> HttpResponse:
    """The transactions with which the wallet brings coins to the account, in their order."""
    who = acting(request)
    form = DepositCoinsForm(request.GET, owner=who.owner)
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return JsonResponse({"message": said, "code": "invalid"}, status=422)
    order = form.cleaned_data
    calls = deposit_calls(
        who.owner,
        code=order["currency"].code,
        amount=order["amount"],
        sender=order["to_address"],
    )
    return JsonResponse({"calls": [asdict(call) for call in calls]})
