"""`manage.py verify_journal`: is every event where it was written, and what it was?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.orderbook.engine.archive_files import ArchiveBroken
from apps.orderbook.engine.audit import verify_chain
from apps.orderbook.engine.session import Connection, connect
from apps.orderbook.models import Product


class Command(BaseCommand):
    help = (
        "Recompute the chain of hashes of every product's events, and hold them against the "
        "commands they are about; exit 1 if one is broken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("products", nargs="*", metavar="PRODUCT", help="all unless named")
        parser.add_argument("--archive", type=Path, metavar="FOLDER", help="of archived months")

    def handle(self, *args: Any, **options: Any) -> None:
        products = Product.objects.order_by("id")
        if options["products"]:
            products = products.filter(code__in=options["products"])
        broken = 0
        with connect("verify_journal") as connection:
            for product in products:
                for line in self._broken(connection, product, options["archive"]):
                    broken += 1
                    self.stderr.write(line)
        if broken:
            raise CommandError(f"{broken} broken", returncode=1)
        self.stdout.write(f"{len(products)} journals are whole")

    def _broken(
        self, connection: Connection, product: Product, archive: Path | None
    ) -> Iterator[str]:
        try:
            yield from verify_chain(connection, product.pk, archive)
        except ArchiveBroken as error:
            yield f"{product.code}: {error}"
