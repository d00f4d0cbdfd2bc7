"""Requests for quotes: ask with a bulk order, answer, see what was answered, choose."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.acting import TRADE, Acting, acting
from apps.accounts.amounts import micro_from_text
from apps.accounts.errors import ServiceError
from apps.orderbook.models import Quote, QuoteRequest
from apps.orderbook.quote_forms import QuoteForm, QuotesAskForm
from apps.orderbook.selectors.quotes import (
    demands_of,
    own_lines,
    quote_of,
    quotes_of,
    request_asked,
    request_seen,
    requests_asked,
    requests_to_answer,
    scored_of,
)
from apps.orderbook.services.quote_planning import quotes_choose
from apps.orderbook.services.quote_requests import quote_request_end, quote_request_make
from apps.orderbook.services.quotes import may_quote, quote_answer, quote_withdraw
from apps.orderbook.views.bulk_asked import order_asked

LISTED_MAX = 50


@require_safe
@login_required
@never_cache
def quotes(request: HttpRequest) -> HttpResponse:
    """What the owner asked, may answer, and answered."""
    owner = acting(request).owner
    context = {
        "asked": requests_asked(owner)[:LISTED_MAX],
        "to_answer": requests_to_answer(owner)[:LISTED_MAX],
        "answered": quotes_of(owner)[:LISTED_MAX],
        "may_quote": may_quote(owner),
    }
    return render(request, "orderbook/quotes.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def quote_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A request: for its asker with what was answered, for a seller with a form to answer."""
    who = acting(request)
    found = request_seen(who.owner, public_id)
    if found is None:
        raise Http404(public_id)
    context = {"asked": found, "demands": demands_of(found), "may_trade": TRADE in who.scopes}
    if found.order.owner_id == who.owner.pk:
        context["scored"] = scored_of(found)
        return render(request, "orderbook/quote_request.html", context)
    return _seller_page(request, who, found, context)


@require_POST
@login_required
def ask(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Asks for quotes for a planned bulk order."""
    who, order = acting(request), order_asked(request, public_id)
    who.require(TRADE)
    form = QuotesAskForm(request.POST)
    if not form.is_valid():
        raise ServiceError(_("Say within what time sellers may answer."), code="invalid_deadline")
    made = quote_request_make(order=order, by=who.user, deadline=form.deadline)
    return redirect("quote_request", made.public_id)


@require_POST
@login_required
def choose(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A plan of what was chosen by hand; the bulk order's page carries it out."""
    who, found = acting(request), _own(request, public_id)
    who.require(TRADE)
    taken = {
        int(name.removeprefix("line-")): micro_from_text(str(text).strip())
        for name, text in request.POST.items()
        if name.startswith("line-") and name[5:].isdigit() and str(text).strip()
    }
    quotes_choose(order=found.order, by=who.user, sizes=taken)
    return redirect("bulk_order", found.order.public_id)


@require_POST
@login_required
def end(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Cancels the request, or declines every quote."""
    who = acting(request)
    who.require(TRADE)
    quote_request_end(request=_own(request, public_id), by=who.user)
    return redirect("quote_request", public_id)


@require_POST
@login_required
def withdraw(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Takes one's own quote back, before the deadline."""
    who = acting(request)
    who.require(TRADE)
    quote = quote_of(who.owner, public_id)
    if quote is None:
        raise Http404(public_id)
    quote_withdraw(quote=quote, by=who.user)
    return redirect("quote_request", quote.request.public_id)


def _seller_page(
    request: HttpRequest, who: Acting, found: QuoteRequest, context: dict[str, Any]
) -> HttpResponse:
    status = 200
    if request.method == "POST":
        who.require(TRADE)
        form = QuoteForm(owner=who.owner, request=found, data=request.POST)
        if form.is_valid():
            try:
                quote_answer(request=found, owner=who.owner, by=who.user, **form.terms)
            except ServiceError as error:
                form.error = error.message
            else:
                return redirect("quote_request", found.public_id)
        status = 422
    else:
        form = QuoteForm(owner=who.owner, request=found)
    own = list(quotes_of(who.owner).filter(request=found))
    stands = any(quote.state == Quote.State.STANDING for quote in own)
    context["own"] = [(quote, own_lines(quote)) for quote in own]
    if found.state == QuoteRequest.State.OPEN and not stands and may_quote(who.owner):
        context["form"] = form
    return render(request, "orderbook/quote_answer.html", context, status=status)


def _own(request: HttpRequest, public_id: uuid.UUID) -> QuoteRequest:
    found = request_asked(acting(request).owner, public_id)
    if found is None:
        raise Http404(public_id)
    return found
