"""Addresses of the API that are about the account itself."""

from __future__ import annotations

from django.urls import include, path

# drf-spectacular finds its extensions by their import.
from apps.accounts.api import (
    invoices,
    schema,  # noqa: F401
    webhooks,
)

v1 = [
    path("invoices", invoices.InvoicesView.as_view()),
    path("invoices/<int:number>", invoices.InvoiceView.as_view()),
    path("webhooks", webhooks.WebhooksView.as_view(), name="api_webhooks"),
    path("webhooks/<uuid:webhook>", webhooks.WebhookView.as_view()),
    path("webhooks/<uuid:webhook>/rotate", webhooks.WebhookRotationView.as_view()),
    path("webhooks/<uuid:webhook>/messages", webhooks.WebhookMessagesView.as_view()),
    path(
        "webhooks/<uuid:webhook>/messages/<str:message>/replay",
        webhooks.WebhookReplayView.as_view(),
    ),
]

urlpatterns = [path("api/v1/", include(v1))]
