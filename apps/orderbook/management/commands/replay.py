"""`manage.py replay PRODUCT`: does the journal alone lead to the book that we have?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.orderbook.engine.audit import verify_replay
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Product


class Command(BaseCommand):
    help = "Rebuild a product's book from its journal and compare it with the tables."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("product", metavar="PRODUCT")

    def handle(self, *args: Any, **options: Any) -> None:
        product = Product.objects.filter(code=options["product"]).first()
        if product is None:
            raise CommandError("There is no such product.")
        with connect("replay") as connection:
            differences = list(verify_replay(connection, product.pk))
        if differences:
            raise CommandError("\n".join(differences), returncode=1)
        self.stdout.write(f"{product.code}: the journal replays to the same book")
