"""Addresses of markets and orders."""

from __future__ import annotations

from django.urls import path

from apps.orderbook.views import market, markets

urlpatterns = [
    path("markets", markets.markets, name="markets"),
    path("markets/<str:code>", market.market, name="market"),
    path("markets/<str:code>/mine", market.mine, name="market_mine"),
    path("markets/<str:code>/orders", market.place, name="order_place"),
    path("markets/<str:code>/orders/<uuid:order>/cancel", market.cancel, name="order_cancel"),
]
