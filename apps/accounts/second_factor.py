"""A second factor where value leaves: by an authenticator app, or one of its recovery codes.

Who signed in with it, or was asked for it here, is not asked again for `SECOND_FACTOR_FRESH_S`. A
key of the API that may move value is such a way out, too: whoever makes one is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

View = Callable[..., HttpResponse]


def second_factor_ask(request: HttpRequest) -> HttpResponse | None:
    """Where to send somebody who has to give a second factor first; None where nobody has to."""
    if not settings.WITHDRAWAL_SECOND_FACTOR or _is_fresh(request):
        return None
    user: Any = request.user
    if not get_adapter().is_mfa_enabled(user):
        messages.info(request, _("Set up a second factor first: what leaves, leaves for good."))
        return redirect("mfa_activate_totp")
    back = urlencode({"next": request.get_full_path()})
    return redirect(f"{reverse('mfa_reauthenticate')}?{back}")


def second_factor_required(view: View) -> View:
    """The view is only for those who gave a second factor lately. Inside of `login_required`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return second_factor_ask(request) or view(request, *args, **kwargs)

    return guarded


def _is_fresh(request: HttpRequest) -> bool:
    since = time.time() - settings.SECOND_FACTOR_FRESH_S
    user: Any = request.user
    records = get_authentication_records(request, user)
    return any(it.get("method") == "mfa" and it.get("at", 0) > since for it in records)
