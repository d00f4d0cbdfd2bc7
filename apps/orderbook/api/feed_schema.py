"""`/api/feed-schema`: what the WebSocket feed says, as AsyncAPI."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from apps.orderbook.feed.described import description


@require_safe
def feed_schema(request: HttpRequest) -> JsonResponse:
    """The description, for the host that was asked."""
    protocol = "wss" if request.is_secure() else "ws"
    return JsonResponse(description(host=request.get_host(), protocol=protocol))
