"""Every request: refusals are sentences, and what staff change is recorded in their name."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.accounts.errors import ServiceError
from apps.accounts.services.history import recorded_as

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class ServiceErrorMiddleware:
    """Answers a ServiceError that a page let through: a page, a fragment for htmx, or JSON.

    The API has its own handler (`apps.accounts.api.errors`) and never gets here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ServiceError):
            return None
        if request.headers.get("Accept") == "application/json":
            body = {"message": error.message, "code": error.code}
            return JsonResponse(body, status=error.status)
        is_fragment = bool(request.headers.get("HX-Request"))
        template = "includes/refusal.html" if is_fragment else "refusal.html"
        return render(request, template, {"error": error}, status=error.status)


class RecordedAsMiddleware:
    """The history names the member of staff who is signed in, and the page they used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Whoever brings no session is nobody here; asking who they are would cost a query.
        if request.method in _SAFE_METHODS or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        user = request.user
        if not (user.is_authenticated and user.is_staff):
            return self.get_response(request)
        with recorded_as(user=user, source=request.path):
            return self.get_response(request)
