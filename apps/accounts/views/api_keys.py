"""API keys: make one, see its secret once, revoke it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import NotFound
from apps.accounts.forms import ApiKeyForm
from apps.accounts.models import User
from apps.accounts.second_factor import second_factor_ask
from apps.accounts.selectors import api_keys_of
from apps.accounts.services.api_keys import NewApiKey, api_key_create, api_key_revoke


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def api_keys(request: HttpRequest) -> HttpResponse:
    """The keys of whom one acts for. The answer to a post is the only page with the secret."""
    now = acting(request)
    form = ApiKeyForm(request.POST or None, allowed=now.scopes)
    new: NewApiKey | None = None
    if form.is_valid():
        if TRANSFER in form.cleaned_data["scopes"] and (asked := second_factor_ask(request)):
            return asked
        new = api_key_create(user=now.user, owner=now.owner, **form.cleaned_data)
        form = ApiKeyForm(allowed=now.scopes)
    context = {"acting": now, "keys": api_keys_of(now.owner), "form": form, "new": new}
    return render(request, "accounts/api_keys.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def api_key_end(request: HttpRequest, key: str) -> HttpResponse:
    """Revokes a key of whom one acts for."""
    found = api_keys_of(acting(request).owner).filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such key. It may be revoked already."))
    api_key_revoke(api_key=found, by=cast(User, request.user))
    messages.success(request, _("The key is revoked."))
    return redirect("api_keys")
