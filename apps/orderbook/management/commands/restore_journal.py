"""`manage.py restore_journal FOLDER`: bring the newest archived month back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.errors import ServiceError
from apps.orderbook.engine.archive_files import ArchiveBroken
from apps.orderbook.engine.months import month_restore
from apps.orderbook.engine.session import connect


class Command(BaseCommand):
    help = "Bring the newest archived month of the journal back from its files in FOLDER."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        with connect("restore_journal") as connection:
            try:
                month = month_restore(connection, options["folder"])
            except (ServiceError, ArchiveBroken) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{month:%Y-%m} is back")
