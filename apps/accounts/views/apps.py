"""Connected apps, and the apps that a developer registers."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.errors import NotFound
from apps.accounts.forms import AppForm
from apps.accounts.models import User
from apps.accounts.oauth.applications import NewApp, app_create, app_delete, apps_of
from apps.accounts.oauth.consents import consent_end, consents_of


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def connected_apps(request: HttpRequest) -> HttpResponse:
    """Who may act for this person, and their own apps. Only the answer to a post has a secret."""
    user = cast(User, request.user)
    form = AppForm(request.POST or None)
    new: NewApp | None = None
    if form.is_valid():
        new = app_create(user=user, **form.cleaned_data)
        form = AppForm()
    context = {"consents": consents_of(user), "apps": apps_of(user), "form": form, "new": new}
    status = 400 if form.errors else 200
    return render(request, "accounts/connected_apps.html", context, status=status)


@login_required
@require_POST
def app_disconnection(request: HttpRequest, consent: int) -> HttpResponse:
    """Ends what an app may do."""
    found = consents_of(cast(User, request.user)).filter(pk=consent).first()
    if found is None:
        raise NotFound(_("There is no such app. It may be disconnected already."))
    consent_end(consent=found)
    messages.success(request, _("The app is disconnected."))
    return redirect("connected_apps")


@login_required
@require_POST
def app_deletion(request: HttpRequest, app: int) -> HttpResponse:
    """Deletes an app of one's own, with every consent to it."""
    found = apps_of(cast(User, request.user)).filter(pk=app).first()
    if found is None:
        raise NotFound(_("There is no such app."))
    app_delete(application=found)
    messages.success(request, _("The app is deleted."))
    return redirect("connected_apps")
