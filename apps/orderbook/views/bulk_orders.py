"""Bulk orders: bring a file, see what is wrong with it, see its plan."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.acting import TRADE, Acting, acting
from apps.accounts.errors import ServiceError
from apps.accounts.spreadsheets import csv_response
from apps.orderbook.bulk.columns import TEMPLATE
from apps.orderbook.bulk_downloads import report_download
from apps.orderbook.bulk_execution_forms import BulkExecuteForm
from apps.orderbook.bulk_forms import BulkOrderForm
from apps.orderbook.models import BulkOrder
from apps.orderbook.quote_forms import QuotesAskForm
from apps.orderbook.selectors.bulk_executions import (
    may_decide,
    orders_to_decide,
    progress_of,
    steps_of,
)
from apps.orderbook.selectors.bulk_orders import (
    bulk_orders_of,
    failure_of,
    plan_of,
    refusals_of,
)
from apps.orderbook.selectors.quotes import request_of_order
from apps.orderbook.services.bulk_orders import (
    bulk_order_cancel,
    bulk_order_create,
    bulk_order_plan,
)
from apps.orderbook.views.bulk_asked import order_asked

PER_PAGE = 30
# What tells htmx that there is nothing to ask for any more.
STOP_POLLING = 286
_EXAMPLE = {
    "quantity": "12.5",
    "unit": "t",
    "beneficiary": "Example Ltd",
    "message": "Business travel",
    "period_from": "2026-01-01",
    "period_to": "2026-12-31",
    "country": "DE",
    "cost_centre": "4711",
    "vintage_from": "2020",
}


@require_safe
@login_required
@never_cache
def bulk_orders(request: HttpRequest) -> HttpResponse:
    """Everything the owner brought."""
    who = acting(request)
    page = Paginator(bulk_orders_of(who.owner), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "may_trade": TRADE in who.scopes,
        "to_decide": orders_to_decide(owner=who.owner, user=who.user).order_by("pk"),
    }
    return render(request, "orderbook/bulk_orders.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def bulk_order_new(request: HttpRequest) -> HttpResponse:
    """The form; posted, goes on to how far the order is."""
    who = acting(request)
    who.require(TRADE)
    if request.method != "POST":
        return render(request, "orderbook/bulk_order_new.html", {"form": BulkOrderForm()})
    form = BulkOrderForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            order = bulk_order_create(owner=who.owner, by=who.user, **form.order)
        except ServiceError as error:
            form.refuse(error)
        else:
            return redirect("bulk_order", order.public_id)
    return render(request, "orderbook/bulk_order_new.html", {"form": form}, status=422)


@require_safe
@login_required
@never_cache
def bulk_order(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One order: how far it is, what is wrong with it, its plan."""
    order = order_asked(request, public_id)
    context: dict[str, Any] = {
        "order": order,
        "failure": failure_of(order),
        "may_trade": TRADE in acting(request).scopes,
    }
    if order.state == BulkOrder.State.REFUSED:
        context["refusals"] = refusals_of(order)
    else:
        context |= _plan_and_progress(order, acting(request))
    if request.headers.get("HX-Target") != "bulk-order":
        return render(request, "orderbook/bulk_order.html", context)
    status = 200 if order.is_with_worker else STOP_POLLING
    return render(request, "orderbook/_bulk_order.html", context, status=status)


@require_safe
@login_required
@never_cache
def report(request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """The file with what is wrong in front of each line, to correct and send again."""
    order = order_asked(request, public_id)
    if order.state != BulkOrder.State.REFUSED:
        raise Http404(public_id)
    return report_download(order)


@require_safe
def template(request: HttpRequest) -> HttpResponseBase:
    """A file to fill in, with one line as an example."""
    row = [_EXAMPLE.get(name, "") for name in TEMPLATE]
    return csv_response(name="bulk-order.csv", header=TEMPLATE, rows=[row])


@require_POST
@login_required
def plan(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Plans it anew on the books as they are."""
    who = acting(request)
    who.require(TRADE)
    bulk_order_plan(order=order_asked(request, public_id), by=who.user)
    return redirect("bulk_order", public_id)


@require_POST
@login_required
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Nothing of it will be placed."""
    who = acting(request)
    who.require(TRADE)
    bulk_order_cancel(order=order_asked(request, public_id), by=who.user)
    return redirect("bulk_order", public_id)


def _plan_and_progress(order: BulkOrder, who: Acting) -> dict[str, Any]:
    """The plan, what is being done about it, and what the member may do about that."""
    shown, progress, quotes = plan_of(order), progress_of(order), request_of_order(order)
    found: dict[str, Any] = {"shown": shown, "progress": progress, "quote_request": quotes}
    if order.state == BulkOrder.State.PLANNED and not (quotes and quotes.ended_at is None):
        found["quotes_form"] = QuotesAskForm()
    if order.state == BulkOrder.State.PLANNED and shown:
        asked = {"plan_id": shown.plan.pk, "total_max": shown.plan.cost or order.total_max}
        found["execute_form"] = BulkExecuteForm(initial=asked)
    if progress and order.state == BulkOrder.State.ASKED:
        found["may_decide"] = may_decide(order=order, execution=progress.execution, user=who.user)
    if progress and progress.execution.started_at:
        found["steps"] = steps_of(progress.execution)
    return found
