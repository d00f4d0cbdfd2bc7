"""`python -m benchmarks.web.pacing PRODUCT OWNER RATE SECONDS`: places orders at an even pace.

Each is alone at a price of its own, so that whoever hears of that price knows which order it was.
Several threads place them: none waits until the one before is accepted.
Writes `{price: when it was sent}` as JSON, by the machine's monotonic clock.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import django

FIRST_PRICE_MICRO: Final = 5_000_000
STEP_MICRO: Final = 1_000
SIZE_MICRO: Final = 1_000
THREADS: Final = 4


def main(product_pk: int, owner_pk: int, rate_per_s: int, seconds: int) -> None:
    from apps.accounts.models import Owner
    from apps.orderbook.models import Product
    from apps.orderbook.models.enums import OrderType, Side
    from apps.orderbook.services.commands import order_place

    product, owner = Product.objects.get(pk=product_pk), Owner.objects.get(pk=owner_pk)
    sent: dict[int, float] = {}

    def place(number: int) -> None:
        price = FIRST_PRICE_MICRO + number * STEP_MICRO
        sent[price] = time.monotonic()
        order_place(
            owner=owner,
            user=owner.user,
            product=product,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            price=price,
            size=SIZE_MICRO,
        )

    with ThreadPoolExecutor(THREADS) as pool:
        start_s, placed = time.monotonic(), []
        for number in range(rate_per_s * seconds):
            time.sleep(max(0.0, start_s + number / rate_per_s - time.monotonic()))
            placed.append(pool.submit(place, number))
        for one in placed:
            one.result()
        took_s = time.monotonic() - start_s
    json.dump({"sent": sent, "took_s": took_s}, sys.stdout)


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
