"""What is done in the background for markets. Wake-ups only: rows are the truth."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from apps.orderbook import webhooks
from apps.orderbook.engine.months import months_create
from apps.orderbook.engine.session import connect
from apps.orderbook.services.volumes import volumes_count as count


@shared_task(name="orderbook.orders_tell")
def orders_tell() -> None:
    """Tells webhooks of trades and of orders that are over."""
    webhooks.orders_tell()


@shared_task(name="orderbook.volumes_count")
def volumes_count() -> None:
    """Adds new trades to their owners' volumes, which tiers of fees go by."""
    count()


@shared_task(name="orderbook.journal_months_create")
def journal_months_create() -> None:
    """Makes the tables that the journal's next months go to."""
    with connect("journal months") as connection:
        months_create(connection, timezone.now().date())
