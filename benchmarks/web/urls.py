"""Every address of the site, and a view that does nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ccmarket.urls import urlpatterns as site


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """What Django, its server and the site's middleware cost by themselves."""
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bare", bare), path("django", bare), *site]
