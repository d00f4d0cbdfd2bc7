"""One market: its page, its order form, and what the visitor has in it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.acting import TRADE, acting
from apps.accounts.errors import ServiceError
from apps.orderbook import browse
from apps.orderbook.forms import OrderForm
from apps.orderbook.ids import order_id_from_uuid
from apps.orderbook.models import Order, Product
from apps.orderbook.names import product_id
from apps.orderbook.outcome import Outcome, outcome_of
from apps.orderbook.selectors import market_data
from apps.orderbook.services.commands import order_cancel, order_place
from apps.orderbook.services.verdicts import verdict_wait

ORDERS_CHANGED = "orders-changed"


@require_safe
def market(request: HttpRequest, code: str) -> HttpResponse:
    """Book, chart and trades for everybody; the order form for who is signed in."""
    product = browse.product_by_code(code)
    context = {
        "market": browse.markets_of([product])[0],
        "product": product,
        "picture": browse.picture_of(product),
        "product_id": product_id(product.base.code, product.quote.code),
        "form": OrderForm(product=product),
        "auction": _auction(product),
    } | _mine(request, product)
    return render(request, "orderbook/market.html", context)


@require_safe
def state(request: HttpRequest, code: str) -> HttpResponse:
    """What the market takes, and where its auction stands, for the page to refresh."""
    product = browse.product_by_code(code)
    context = {"product": product, "auction": _auction(product)}
    return render(request, "orderbook/_market_state.html", context)


@require_safe
@login_required
def mine(request: HttpRequest, code: str) -> HttpResponse:
    """Balances and open orders in this market, for the page to refresh."""
    product = browse.product_by_code(code)
    return render(request, "orderbook/_mine.html", _mine(request, product))


@require_POST
@login_required
def place(request: HttpRequest, code: str) -> HttpResponse:
    """Places the order of the form and says what became of it."""
    product = browse.product_by_code(code)
    form = OrderForm(request.POST, product=product)
    if not form.is_valid():
        return _answer(request, product, form, None)
    try:
        outcome = _place(request, product, form)
    except ServiceError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return _answer(request, product, form, None)
    fresh = OrderForm(product=product, initial=_kept(form))
    return _answer(request, product, fresh, outcome)


@require_POST
@login_required
def cancel(request: HttpRequest, code: str, order: uuid.UUID) -> HttpResponse:
    """Cancels one order and shows what is left."""
    product = browse.product_by_code(code)
    who = acting(request)
    who.require(TRADE)
    order_id = order_id_from_uuid(order)
    if order_id is None:
        raise Http404(order)
    refusal = ""
    try:
        command = order_cancel(owner=who.owner, user=who.user, order_id=order_id)
        verdict_wait(command_ids=[command.pk], timeout_s=settings.VERDICT_WAIT_S_DEFAULT)
    except ServiceError as error:
        refusal = error.message
    if not request.headers.get("HX-Request"):
        return redirect("market", code=code)
    context = _mine(request, product) | {"refusal": refusal}
    return render(request, "orderbook/_mine.html", context)


def _place(request: HttpRequest, product: Product, form: OrderForm) -> Outcome:
    who = acting(request)
    who.require(TRADE)
    command = order_place(owner=who.owner, user=who.user, product=product, **form.order)
    verdict_wait(command_ids=[command.pk], timeout_s=settings.VERDICT_WAIT_S_DEFAULT)
    return outcome_of(Order.objects.filter(pk=command.pk).first(), product)


def _kept(form: OrderForm) -> dict[str, Any]:
    """What the next form starts with: all but the amount and the key of the last order."""
    return {name: form.data.get(name) for name in ("side", "order_type", "price", "unit")}


def _answer(
    request: HttpRequest, product: Product, form: OrderForm, outcome: Outcome | None
) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return _answer_page(request, product, form, outcome)
    context = {"product": product, "form": form, "outcome": outcome} | _mine(request, product)
    response = render(request, "orderbook/_order_form.html", context)
    if outcome is not None:
        response["HX-Trigger"] = ORDERS_CHANGED
    return response


def _answer_page(
    request: HttpRequest, product: Product, form: OrderForm, outcome: Outcome | None
) -> HttpResponse:
    """The same without JavaScript."""
    if outcome is None:
        problems = [problem for problems in form.errors.values() for problem in problems]
        messages.error(request, " ".join(map(str, problems)))
    else:
        messages.add_message(request, getattr(messages, outcome.level.upper()), outcome.text)
    return redirect("market", code=product.code)


def _auction(product: Product) -> market_data.Auction | None:
    return market_data.auction(product) if product.state == Product.State.AUCTION else None


def _mine(request: HttpRequest, product: Product) -> dict[str, Any]:
    if not request.user.is_authenticated:
        return {"product": product}
    owner = acting(request).owner
    return {"product": product, "mine": browse.position_in(product, owner)}
