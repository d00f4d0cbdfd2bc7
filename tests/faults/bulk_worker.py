"""A worker that does nothing but bulk orders, until it is killed: `python -m
tests.faults.bulk_worker`. As Celery's workers, woken by the sweep."""

from __future__ import annotations

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
django.setup()

from apps.orderbook.services.bulk_work import bulk_orders_left, bulk_work  # noqa: E402

SWEEP_S = 0.2


def main() -> None:
    while True:
        for order_id in bulk_orders_left():
            bulk_work(order_id=order_id)
        time.sleep(SWEEP_S)


if __name__ == "__main__":
    main()
