"""WebSocket addresses."""

from __future__ import annotations

from django.urls import URLPattern, path

from apps.orderbook.feed.consumer import FeedConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/feed", FeedConsumer.as_asgi())]
