"""Wallets: link one by signing in with it, unlink it."""

from __future__ import annotations

from typing import Final, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import NotFound
from apps.accounts.models import User
from apps.accounts.selectors import wallets_of
from apps.accounts.services import wallets as services

CHALLENGE: Final = "wallet_challenge"


@login_required
@require_GET
def wallets(request: HttpRequest) -> HttpResponse:
    """The linked wallets of whom one acts for."""
    now = acting(request)
    context = {
        "acting": now,
        "wallets": wallets_of(now.owner),
        "may_change": TRANSFER in now.scopes,
    }
    return render(request, "accounts/wallets.html", context)


@login_required
@never_cache
@require_GET
def wallet_challenge(request: HttpRequest) -> JsonResponse:
    """`?address=0x...`: the message for that wallet to sign; forgets any earlier one."""
    now = acting(request)
    challenge, message = services.wallet_challenge(
        user=now.user, owner=now.owner, address=request.GET.get("address", "")
    )
    request.session[CHALLENGE] = challenge.as_json()
    return JsonResponse({"message": message})


@login_required
@require_POST
def wallet_link(request: HttpRequest) -> JsonResponse:
    """Takes the signed message back. Whatever comes of it, it is not taken again."""
    now = acting(request)
    kept = request.session.pop(CHALLENGE, None)
    wallet = services.wallet_link(
        user=now.user,
        owner=now.owner,
        challenge=services.Challenge(**kept) if kept else None,
        message=request.POST.get("message", ""),
        signature=request.POST.get("signature", ""),
    )
    messages.success(request, _("The wallet is linked."))
    return JsonResponse({"address": wallet.address}, status=201)


@login_required
@require_POST
def wallet_unlink(request: HttpRequest, address: str) -> HttpResponse:
    """Unlinks a wallet of whom one acts for."""
    wallet = wallets_of(acting(request).owner).filter(address=address).first()
    if wallet is None:
        raise NotFound(_("There is no such wallet. It may be unlinked already."))
    services.wallet_unlink(wallet=wallet, by=cast(User, request.user))
    messages.success(request, _("The wallet is unlinked."))
    return redirect("wallets")
