"""Where an action's dialog leads when it is done."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin


def back_to_object(model_admin: ModelAdmin, request: HttpRequest, object_id: Any) -> HttpResponse:
    """Reloads the object's page.

    The dialog posts by htmx, which would swap a page it is redirected to into itself.
    """
    meta = model_admin.model._meta
    name = f"{model_admin.admin_site.name}:{meta.app_label}_{meta.model_name}_change"
    url = reverse(name, args=(object_id,))
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
