"""Addresses of markets and orders."""

from __future__ import annotations

from django.urls import path

from apps.orderbook.views import (
    bulk_certificates,
    bulk_executions,
    bulk_orders,
    market,
    markets,
    quotes,
)

urlpatterns = [
    path("markets", markets.markets, name="markets"),
    path("markets/<str:code>", market.market, name="market"),
    path("markets/<str:code>/state", market.state, name="market_state"),
    path("markets/<str:code>/mine", market.mine, name="market_mine"),
    path("markets/<str:code>/orders", market.place, name="order_place"),
    path("bulk-orders", bulk_orders.bulk_orders, name="bulk_orders"),
    path("bulk-orders/new", bulk_orders.bulk_order_new, name="bulk_order_new"),
    path("bulk-orders/template.csv", bulk_orders.template, name="bulk_order_template"),
    path("bulk-orders/<uuid:public_id>", bulk_orders.bulk_order, name="bulk_order"),
    path("bulk-orders/<uuid:public_id>/report.csv", bulk_orders.report, name="bulk_order_report"),
    path("bulk-orders/<uuid:public_id>/plan", bulk_orders.plan, name="bulk_order_plan"),
    path("bulk-orders/<uuid:public_id>/cancel", bulk_orders.cancel, name="bulk_order_cancel"),
    path(
        "bulk-orders/<uuid:public_id>/execute", bulk_executions.execute, name="bulk_order_execute"
    ),
    path("bulk-orders/<uuid:public_id>/decide", bulk_executions.decide, name="bulk_order_decide"),
    path("bulk-orders/<uuid:public_id>/pause", bulk_executions.pause, name="bulk_order_pause"),
    path("bulk-orders/<uuid:public_id>/resume", bulk_executions.resume, name="bulk_order_resume"),
    path("bulk-orders/<uuid:public_id>/lines.csv", bulk_executions.lines, name="bulk_order_lines"),
    path(
        "bulk-orders/<uuid:public_id>/certificates",
        bulk_certificates.certificates,
        name="bulk_order_certificates",
    ),
    path(
        "bulk-certificates/<uuid:public_id>", bulk_certificates.certificate, name="bulk_certificate"
    ),
    path(
        "bulk-certificates/<uuid:public_id>.pdf",
        bulk_certificates.pdf,
        name="bulk_certificate_pdf",
    ),
    path("bulk-orders/<uuid:public_id>/quotes", quotes.ask, name="bulk_order_quotes"),
    path("quotes", quotes.quotes, name="quotes"),
    path("quotes/<uuid:public_id>", quotes.quote_request, name="quote_request"),
    path("quotes/<uuid:public_id>/choose", quotes.choose, name="quotes_choose"),
    path("quotes/<uuid:public_id>/end", quotes.end, name="quote_request_end"),
    path("quotes/<uuid:public_id>/withdraw", quotes.withdraw, name="quote_withdraw"),
    path("markets/<str:code>/orders/<uuid:order>/cancel", market.cancel, name="order_cancel"),
]
