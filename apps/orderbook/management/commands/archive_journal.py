"""`manage.py archive_journal FOLDER`: move old months of the journal into files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.orderbook.engine.months import month_archive, months_old
from apps.orderbook.engine.session import connect

KEEP_MONTHS: Final = 12


class Command(BaseCommand):
    help = (
        "Move the journal's events of months long over into files of FOLDER, one for each market "
        "and month, check these and drop the months from the database. Markets go on trading."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--keep", type=int, default=KEEP_MONTHS, metavar="MONTHS",
            help=f"whole months that stay in the database ({KEEP_MONTHS})",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        folder, keep = options["folder"], options["keep"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder. Make it where backups reach it.")
        if keep < 0:
            raise CommandError("--keep is a number of months, 0 or more.")
        with connect("archive_journal") as connection:
            months = months_old(connection, now=timezone.now(), keep=keep)
            for month in months:
                try:
                    files = month_archive(connection, month, folder)
                except ServiceError as error:
                    raise CommandError(f"{month:%Y-%m}: {error}") from error
                for file in files:
                    self.stdout.write(str(file))
        self.stdout.write(f"{len(months)} months archived")
