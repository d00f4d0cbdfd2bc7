"""What is done in the background for markets. Wake-ups only: rows are the truth."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from apps.orderbook import webhooks
from apps.orderbook.engine.months import months_create
from apps.orderbook.engine.session import connect
from apps.orderbook.services.bulk_notices import bulk_notices_send
from apps.orderbook.services.bulk_orders import BULK_WORK, bulk_order_wake
from apps.orderbook.services.bulk_orders import bulk_files_forget as forget
from apps.orderbook.services.bulk_work import bulk_orders_left, bulk_work
from apps.orderbook.services.quote_notices import quote_notices_send
from apps.orderbook.services.quote_requests import quotes_sweep
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


@shared_task(name=BULK_WORK)
def bulk_work_task(order_id: int) -> None:
    """Does with one bulk order what its state asks for."""
    bulk_work(order_id=order_id)


@shared_task(name="orderbook.bulk_files_forget")
def bulk_files_forget() -> None:
    """Deletes files of bulk orders that no order was made from."""
    forget()


@shared_task(name="orderbook.bulk_sweep")
def bulk_sweep() -> None:
    """Wakes a worker for every bulk order that waits and that nobody works on, and mails news."""
    quotes_sweep()
    for order_id in bulk_orders_left():
        bulk_order_wake(order_id=order_id)
    bulk_notices_send()
    quote_notices_send()
