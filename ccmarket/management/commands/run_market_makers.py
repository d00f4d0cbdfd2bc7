"""`manage.py run_market_makers`: keeps the demo's books alive through the public API."""

from __future__ import annotations

import json
import signal
import threading
from decimal import Decimal
from typing import Any

import requests
import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.orderbook.models.market import UNIT
from apps.orderbook.names import product_id
from apps.registry.models import CreditClass
from ccmarket.demo.client import ApiClient, ApiRefusal
from ccmarket.demo.maker import Maker
from ccmarket.demo.prices import CC_IN_USDC, price_in_cc, price_in_usdc

log = structlog.get_logger(__name__)

RETRY_S = 3


class Command(BaseCommand):
    help = "Quote two-sided markets with the demo's market-maker accounts until stopped."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between steps")

    def handle(self, *args: Any, interval: float, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        homes = home_prices()
        while not stop.is_set():
            try:
                run(stop, homes=homes, interval_s=interval)
            except (requests.RequestException, ApiRefusal) as error:
                log.warning("the market does not answer; trying again", reason=str(error)[:200])
                stop.wait(RETRY_S)


def run(stop: threading.Event, *, homes: dict[str, Decimal], interval_s: float) -> None:
    """Lets every maker quote all products as fast as it can, then renew a little at each step."""
    makers = [
        Maker(client, homes=homes, seed=number) for number, client in enumerate(maker_clients())
    ]
    for maker in makers:
        if not stop.is_set():
            maker.start()
    while not stop.wait(interval_s if all(maker.is_complete for maker in makers) else 0):
        for maker in makers:
            maker.step()


def home_prices() -> dict[str, Decimal]:
    """The price each product's quotes wander around, by the API's product id."""
    homes = {product_id("CC", "USDC"): CC_IN_USDC}
    for item in CreditClass.objects.select_related("project"):
        homes[product_id(item.code, "CC")] = price_in_cc(item)
        homes[product_id(item.code, "USDC")] = price_in_usdc(item)
    return {name: Decimal(price) / UNIT for name, price in homes.items()}


def maker_clients() -> list[ApiClient]:
    """The market makers' keys, as `demo_prepare` wrote them down."""
    try:
        facts = json.loads((settings.VAR_DIR / "demo.json").read_text())
    except FileNotFoundError:
        raise CommandError("There is no demo yet: run `manage.py demo_prepare` first.") from None
    return [
        ApiClient(settings.BASE_URL, user["api_key"], user["api_secret"], user["passphrase"])
        for user in facts["users"].values()
        if user["role"] == "market maker"
    ]
