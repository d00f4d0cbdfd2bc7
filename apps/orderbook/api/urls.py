"""Addresses of the trading API: those of the dialect, under `/api/v1`."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.orderbook.api import (
    accounts,
    batches,
    bulk_downloads,
    bulk_executions,
    bulk_orders,
    fills,
    gifts,
    listings,
    markets,
    orders,
    profiles,
    quote_requests,
    quotes,
    switches,
    transfers,
)
from apps.orderbook.api import schema as _schema  # noqa: F401 - makes the signature known
from apps.orderbook.api.feed_schema import feed_schema

v1 = [
    path("time", listings.TimeView.as_view()),
    path("currencies", listings.CurrenciesView.as_view()),
    path("currencies/<str:currency>", listings.CurrencyView.as_view()),
    path("products", listings.ProductsView.as_view(), name="api_products"),
    path("products/spark-lines", markets.SparkLinesView.as_view()),
    path("products/<str:product>", listings.ProductView.as_view()),
    path("products/<str:product>/book", markets.BookView.as_view()),
    path("products/<str:product>/ticker", markets.TickerView.as_view()),
    path("products/<str:product>/trades", markets.TradesView.as_view()),
    path("products/<str:product>/candles", markets.CandlesView.as_view()),
    path("products/<str:product>/stats", markets.StatsView.as_view()),
    path("accounts", accounts.AccountsView.as_view()),
    path("accounts/<str:account>", accounts.AccountView.as_view()),
    path("accounts/<str:account>/ledger", accounts.LedgerView.as_view()),
    path("accounts/<str:account>/holds", accounts.HoldsView.as_view()),
    path("accounts/<str:account>/transfers", transfers.AccountTransfersView.as_view()),
    path("profiles", profiles.ProfilesView.as_view()),
    path("profiles/transfer", profiles.ProfileTransferView.as_view()),
    path("profiles/<uuid:profile>", profiles.ProfileView.as_view()),
    path("profiles/<uuid:profile>/deactivate", profiles.ProfileDeactivationView.as_view()),
    path("transfers", transfers.TransfersView.as_view()),
    path("transfers/<str:transfer>", transfers.TransferView.as_view()),
    path("orders", orders.OrdersView.as_view(), name="api_orders"),
    path("orders/batch", batches.BatchView.as_view()),
    path("orders/cancel_all_after", switches.CancelAllAfterView.as_view()),
    path("orders/client:<str:client_oid>", orders.ClientOrderView.as_view()),
    path("orders/<str:order>", orders.OrderView.as_view()),
    path("bulk-orders", bulk_orders.BulkOrdersView.as_view()),
    path("bulk-orders/<str:bulk_order>", bulk_orders.BulkOrderView.as_view()),
    path("bulk-orders/<str:bulk_order>/plan", bulk_orders.BulkOrderPlanView.as_view()),
    path(
        "bulk-orders/<str:bulk_order>/execution", bulk_executions.BulkOrderExecutionView.as_view()
    ),
    path("bulk-orders/<str:bulk_order>/pause", bulk_executions.BulkOrderPauseView.as_view()),
    path("bulk-orders/<str:bulk_order>/resume", bulk_executions.BulkOrderResumeView.as_view()),
    path(
        "bulk-orders/<str:bulk_order>/certificates",
        bulk_executions.BulkOrderCertificatesView.as_view(),
    ),
    path("bulk-orders/<str:bulk_order>/report", bulk_downloads.BulkOrderReportView.as_view()),
    path("bulk-orders/<str:bulk_order>/lines", bulk_downloads.BulkOrderLinesView.as_view()),
    path("quote-requests", quote_requests.QuoteRequestsView.as_view()),
    path("quote-requests/<str:quote_request>", quote_requests.QuoteRequestView.as_view()),
    path(
        "quote-requests/<str:quote_request>/quotes",
        quote_requests.QuoteRequestQuotesView.as_view(),
    ),
    path("quote-requests/<str:quote_request>/plan", quote_requests.QuoteRequestPlanView.as_view()),
    path("quotes", quotes.QuotesView.as_view()),
    path("quotes/<str:quote>", quotes.QuoteView.as_view()),
    path("gifts", gifts.GiftsView.as_view(), name="api_gifts"),
    path("gifts/claim", gifts.GiftClaimView.as_view()),
    path("gifts/<uuid:gift>", gifts.GiftView.as_view()),
    path("fills", fills.FillsView.as_view()),
    path("fees", fills.FeesView.as_view()),
]

urlpatterns = [
    path("api/v1/", include(v1)),
    path("api/schema", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
    path("api/feed-schema", feed_schema, name="feed_schema"),
    path(
        "api/docs",
        SpectacularSwaggerSplitView.as_view(url_name="schema", permission_classes=[]),
        name="api_docs",
    ),
]
