"""Webhooks: make one, see its secret once, see what it was told, send it again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.acting import TRADE, acting
from apps.accounts.errors import NotFound
from apps.accounts.forms import LogForm, WebhookForm
from apps.accounts.models import WebhookEndpoint
from apps.accounts.webhooks.addresses import url_check
from apps.accounts.webhooks.delivery import webhook_message_replay
from apps.accounts.webhooks.endpoints import (
    NewWebhook,
    webhook_create,
    webhook_end,
    webhook_rotate,
)
from apps.accounts.webhooks.selectors import PAGE, messages_of, webhooks_of


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """The webhooks of whom one acts for. The answer to a post is the only page with the secret."""
    now = acting(request)
    form = WebhookForm(request.POST or None)
    new: NewWebhook | None = None
    if request.method == "POST":
        now.require(TRADE)
    if form.is_valid():
        url_check(form.cleaned_data["url"])
        new = webhook_create(owner=now.owner, user=now.user, **form.cleaned_data)
        form = WebhookForm()
    context = {"acting": now, "webhooks": webhooks_of(now.owner), "form": form, "new": new}
    return render(request, "accounts/webhooks.html", context, status=400 if form.errors else 200)


@login_required
@never_cache
@require_safe
def webhook(request: HttpRequest, webhook: uuid.UUID) -> HttpResponse:
    """What one webhook was told, and how that went."""
    form = LogForm(request.GET)
    before = form.cleaned_data["before"] if form.is_valid() else None
    endpoint = _endpoint(request, webhook)
    rows = messages_of(endpoint, before=before)
    context = {
        "acting": acting(request),
        "webhook": endpoint,
        "rows": rows,
        "next_before": rows[-1].pk if len(rows) == PAGE else None,
    }
    return render(request, "accounts/webhook.html", context)


@login_required
@never_cache
@require_POST
def webhook_rotation(request: HttpRequest, webhook: uuid.UUID) -> HttpResponse:
    """Another secret; this answer is the only page that shows it."""
    now = acting(request)
    now.require(TRADE)
    new = webhook_rotate(endpoint=_endpoint(request, webhook))
    context = {
        "acting": now,
        "webhooks": webhooks_of(now.owner),
        "form": WebhookForm(),
        "new": new,
    }
    return render(request, "accounts/webhooks.html", context)


@login_required
@require_POST
def webhook_ending(request: HttpRequest, webhook: uuid.UUID) -> HttpResponse:
    """Nothing is sent there any more."""
    acting(request).require(TRADE)
    webhook_end(endpoint=_endpoint(request, webhook))
    messages.success(request, _("The webhook is ended."))
    return redirect("webhooks")


@login_required
@require_POST
def webhook_replay(request: HttpRequest, webhook: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    """Sends one message again."""
    acting(request).require(TRADE)
    found = _endpoint(request, webhook).messages.filter(public_id=message).first()
    if found is None:
        raise NotFound(_("There is no such message."))
    webhook_message_replay(message=found)
    messages.success(request, _("It is sent again."))
    return redirect("webhook", webhook=webhook)


def _endpoint(request: HttpRequest, public_id: uuid.UUID) -> WebhookEndpoint:
    found = webhooks_of(acting(request).owner).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such webhook."))
    return found
