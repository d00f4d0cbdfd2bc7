"""`manage.py rebuild_candles [PRODUCT...]`: make candles anew from the trades."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.orderbook.engine.candles import candles_rebuild
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Product


class Command(BaseCommand):
    help = "Make every candle anew from the trades. A market's engine waits while its own are made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("products", nargs="*", metavar="PRODUCT", help="all unless named")

    def handle(self, *args: Any, **options: Any) -> None:
        products = Product.objects.order_by("id")
        if names := options["products"]:
            products = products.filter(code__in=names)
            if products.count() < len(set(names)):
                raise CommandError("There is no such product.")
        with connect("rebuild_candles") as connection:
            for product in products:
                with connection.transaction():
                    candles_rebuild(connection, product.pk)
                self.stdout.write(product.code)
