"""Out as NFTs and back."""

from __future__ import annotations

import uuid
from dataclasses import asdict

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import ServiceError
from apps.accounts.second_factor import second_factor_required
from apps.nft.forms import TakeOutForm
from apps.nft.models import BridgeIntent, MintRequest
from apps.nft.selectors import tokens as reads
from apps.nft.selectors.redeeming import redeem_calls
from apps.nft.services.minting import mint_request

# htmx stops polling when an answer has this status.
STOP_POLLING = 286
# With what the form may begin, by the names they have in an address.
ASKED_BY_ADDRESS = {"credit_class": "class", "tonnes": "tonnes", "to_address": "to"}
TOKENS_PER_PAGE = TOKENS_AT_ONCE_MAX = 100


@require_safe
@login_required
def nfts(request: HttpRequest) -> HttpResponse:
    """The NFTs in the owner's wallets, and what is on its way out."""
    owner = acting(request).owner
    pages = Paginator(reads.tokens_of(owner), TOKENS_PER_PAGE)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "requests": reads.mint_requests_of(owner),
    }
    template = "nft/_nfts.html" if request.headers.get("HX-Request") else "nft/nfts.html"
    return render(request, template, context)


@login_required
@second_factor_required
@require_http_methods(["GET", "POST"])
def take_out(request: HttpRequest) -> HttpResponse:
    """Asks for whole tonnes as NFTs; posted, goes on to how far they are."""
    who = acting(request)
    who.require(TRANSFER)
    if request.method != "POST":
        asked = {field: request.GET.get(name) for field, name in ASKED_BY_ADDRESS.items()}
        known = {field: value for field, value in asked.items() if value}
        form = TakeOutForm(owner=who.owner, initial=known)
        return render(request, "nft/take_out.html", {"form": form})
    form = TakeOutForm(request.POST, owner=who.owner)
    if form.is_valid():
        try:
            made = mint_request(owner=who.owner, **form.order)
        except ServiceError as error:
            form.refuse(error)
        else:
            return redirect("mint_request", made.public_id)
    return render(request, "nft/take_out.html", {"form": form}, status=422)


@require_safe
@login_required
@never_cache
def mint_request_status(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """How far a request is; the page asks again until everything is final."""
    found = _mint_request(request, public_id)
    intents = list(reads.intents_of(found))
    is_done = all(intent.state not in BridgeIntent.OPEN_STATES for intent in intents)
    context = {"mint": found, "intents": intents, "is_done": is_done}
    if not request.headers.get("HX-Request"):
        return render(request, "nft/request.html", context)
    status = STOP_POLLING if is_done else 200
    return render(request, "nft/_request.html", context, status=status)


@require_safe
@login_required
@never_cache
def redeem_call(request: HttpRequest) -> HttpResponse:
    """`?token=1&token=2`: the transactions with which the owner's wallets bring them back."""
    wanted = request.GET.getlist("token")[:TOKENS_AT_ONCE_MAX]
    token_ids = [int(it) for it in wanted if it.isascii() and it.isdigit() and len(it) < 20]
    calls = redeem_calls(acting(request).owner, token_ids)
    return JsonResponse({"calls": [asdict(call) for call in calls]})


@require_safe
def chain_transaction(request: HttpRequest, transaction_hash: str) -> HttpResponse:
    """What one transaction did to tonnes, for everybody."""
    events = reads.events_in_transaction(transaction_hash)
    if not events:
        raise Http404(transaction_hash)
    return render(request, "nft/transaction.html", {"hash": transaction_hash, "events": events})


def _mint_request(request: HttpRequest, public_id: uuid.UUID) -> MintRequest:
    found = reads.mint_request_of(acting(request).owner, public_id)
    if found is None:
        raise Http404(public_id)
    return found
