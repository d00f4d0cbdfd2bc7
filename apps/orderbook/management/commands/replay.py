"""`manage.py replay PRODUCT`: does the journal alone lead to the book that we have?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.orderbook.engine.archive_files import ArchiveBroken
from apps.orderbook.engine.audit import verify_replay
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Product
from apps.orderbook.services.commands import state_ask
from apps.orderbook.services.verdicts import verdict_wait

WAIT_S: Final = 10


class Command(BaseCommand):
    help = (
        "Rebuild a product's book from its journal and compare it with the tables and with the "
        "book in the running engine's memory."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("product", metavar="PRODUCT")
        parser.add_argument(
            "--tables", action="store_true", help="ask no engine, compare with the tables alone"
        )
        parser.add_argument("--archive", type=Path, metavar="FOLDER", help="of archived months")

    def handle(self, *args: Any, **options: Any) -> None:
        product = Product.objects.filter(code=options["product"]).first()
        if product is None:
            raise CommandError("There is no such product.")
        if not options["tables"]:
            self._ask_engine(product)
        with connect("replay") as connection:
            try:
                differences = list(verify_replay(connection, product.pk, options["archive"]))
            except ArchiveBroken as error:
                raise CommandError(f"{error}. Say where they are: --archive FOLDER") from error
        if differences:
            raise CommandError("\n".join(differences), returncode=1)
        compared = "" if options["tables"] else ", which is the running engine's"
        self.stdout.write(f"{product.code}: the journal replays to the same book{compared}")

    def _ask_engine(self, product: Product) -> None:
        """Have the engine write the hash of its book into the journal, where it is compared."""
        asked = state_ask(product=product)
        if not verdict_wait(command_ids=[asked.pk], timeout_s=WAIT_S):
            raise CommandError(
                f"No engine answered within {WAIT_S} s. Start one, or compare with the tables "
                "alone: --tables"
            )
