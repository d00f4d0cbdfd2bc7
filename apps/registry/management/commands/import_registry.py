"""`manage.py import_registry PATH`: read a registry's own export.

Prints every refused row with its line number, code and reason, and ends with one line

    rows N accepted N unchanged N refused N

Exits 1 only when the file as a whole cannot be used; then nothing has changed.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.registry.models import ImportRefusal
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.refusals import FileRefused
from apps.registry.registries import REGISTRIES
from apps.registry.services.imports import import_run


class Command(BaseCommand):
    help = "Read the export of a registry: projects, vintages, serial blocks and retirements."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the CSV file as the registry gives it")
        parser.add_argument(
            "--registry",
            default="auto",
            choices=["auto", *REGISTRIES],
            help="insist on this registry; by default the header of the file tells",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        registry = None if options["registry"] == "auto" else options["registry"]
        try:
            outcome = import_run(
                path=options["path"],
                registry=registry,
                is_dry_run=options["dry_run"],
                report=self._print_refusal,
            )
        except FileRefused as refused:
            raise CommandError(f"{refused.code}: {refused}", returncode=1) from refused
        if options["verbosity"] > 1:
            tonnes, grams = divmod(outcome.accepted_grams, GRAMS_PER_TONNE)
            self.stdout.write(f"tonnes accepted {tonnes}.{grams:06}")
        self.stdout.write(
            f"rows {outcome.rows} accepted {outcome.accepted} "
            f"unchanged {outcome.unchanged} refused {outcome.refused}"
        )

    def _print_refusal(self, refusal: ImportRefusal) -> None:
        self.stdout.write(f"line {refusal.line}: {refusal.code}: {refusal.message}")
