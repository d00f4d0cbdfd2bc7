"""What is done in the background for markets. Wake-ups only: rows are the truth."""

from __future__ import annotations

from celery import shared_task

from apps.orderbook import webhooks


@shared_task(name="orderbook.orders_tell")
def orders_tell() -> None:
    """Tells webhooks of trades and of orders that are over."""
    webhooks.orders_tell()
