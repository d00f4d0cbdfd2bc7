"""Bulk orders carried out: ask, decide, pause, resume, download what every line got."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.acting import RETIRE, TRADE, acting
from apps.accounts.errors import ServiceError
from apps.orderbook.bulk_downloads import lines_download
from apps.orderbook.bulk_execution_forms import BulkDecisionForm, BulkExecuteForm
from apps.orderbook.models import BulkExecution
from apps.orderbook.services.bulk_approvals import bulk_execution_decide, bulk_order_execute
from apps.orderbook.services.bulk_orders import bulk_order_pause, bulk_order_resume
from apps.orderbook.views.bulk_asked import order_asked


@require_POST
@login_required
def execute(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Asks to carry out the plan; it starts, or waits for another member's approval."""
    who, order = acting(request), order_asked(request, public_id)
    who.require(TRADE)
    form = BulkExecuteForm(request.POST)
    if not form.is_valid():
        raise ServiceError(_first_error(form), code="invalid_total", field="total_max")
    if form.cleaned_data["keep"] == BulkExecution.Keep.RETIRE:
        who.require(RETIRE)
    execution = bulk_order_execute(order=order, by=who.user, **form.terms)
    if execution.started_at is None:
        messages.info(request, _("Another member has to approve it now."))
    return redirect("bulk_order", public_id)


@require_POST
@login_required
def decide(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Approves what another member asked for, or turns it down."""
    order, form = order_asked(request, public_id), BulkDecisionForm(request.POST)
    if not form.is_valid():
        raise ServiceError(_first_error(form), code="invalid_decision")
    bulk_execution_decide(order=order, by=acting(request).user, **form.cleaned_data)
    return redirect("bulk_order", public_id)


@require_POST
@login_required
def pause(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """No step is begun before it is resumed."""
    who = acting(request)
    who.require(TRADE)
    bulk_order_pause(order=order_asked(request, public_id), by=who.user)
    return redirect("bulk_order", public_id)


@require_POST
@login_required
def resume(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Goes on where it was paused."""
    who = acting(request)
    who.require(TRADE)
    bulk_order_resume(order=order_asked(request, public_id), by=who.user)
    return redirect("bulk_order", public_id)


@require_safe
@login_required
@never_cache
def lines(request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """Every line and what it got, as a file."""
    return lines_download(order_asked(request, public_id))


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])
