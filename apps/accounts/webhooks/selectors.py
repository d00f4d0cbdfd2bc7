"""Webhooks as their owner sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Prefetch, Q, QuerySet

from apps.accounts.ledger.models import Owner
from apps.accounts.models import WebhookAttempt, WebhookEndpoint, WebhookEvent, WebhookMessage

PAGE: Final = 50


def webhooks_of(owner: Owner) -> QuerySet[WebhookEndpoint]:
    """The owner's endpoints that are not ended, newest first."""
    return owner.webhooks.filter(disabled_at__isnull=True).order_by("-pk")


def messages_of(
    endpoint: WebhookEndpoint, *, before: int | None = None, limit: int = PAGE
) -> list[WebhookMessage]:
    """The newest messages below the id `before`, each with its attempts, newest first."""
    found = endpoint.messages.order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    attempts = Prefetch("attempts", WebhookAttempt.objects.order_by("-pk"))
    return list(found.prefetch_related(attempts)[:limit])


def endpoints_wanting(events: Iterable[WebhookEvent]) -> dict[int, list[WebhookEndpoint]]:
    """By owner: who wants to hear of any of these events."""
    wanted = Q()
    for event in events:
        wanted |= Q(events__contains=[event])
    found: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in WebhookEndpoint.objects.filter(wanted, disabled_at__isnull=True).order_by("pk"):
        found.setdefault(endpoint.owner_id, []).append(endpoint)
    return found
