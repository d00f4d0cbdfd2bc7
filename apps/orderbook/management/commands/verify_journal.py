"""`manage.py verify_journal`: is every event where it was written, and what it was?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.orderbook.engine.audit import verify_chain
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Product


class Command(BaseCommand):
    help = (
        "Recompute the chain of hashes of every product's events, and hold them against the "
        "commands they are about; exit 1 if one is broken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("products", nargs="*", metavar="PRODUCT", help="all unless named")

    def handle(self, *args: Any, **options: Any) -> None:
        products = Product.objects.order_by("id")
        if options["products"]:
            products = products.filter(code__in=options["products"])
        broken = 0
        with connect("verify_journal") as connection:
            for product in products:
                for line in verify_chain(connection, product.pk):
                    broken += 1
                    self.stderr.write(line)
        if broken:
            raise CommandError(f"{broken} broken", returncode=1)
        self.stdout.write(f"{len(products)} journals are whole")
