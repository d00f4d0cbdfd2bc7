"""What a page answers when a service refuses a request and the view did not show it in place."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.accounts.errors import ServiceError


class ServiceErrorMiddleware:
    """Turns a ServiceError into its 4xx with the sentence that says what to do next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django calls it with whatever a view raised."""
        if not isinstance(error, ServiceError):
            return None
        template = "includes/refusal.html" if request.headers.get("HX-Request") else "refusal.html"
        return render(request, template, {"error": error}, status=error.status)
