"""A refusal on a page is a sentence with its status, never a 500."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.accounts.errors import ServiceError


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
