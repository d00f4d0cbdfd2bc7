"""`manage.py reconcile_custody [PATH]`: does the registry say that we hold what we say?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.errors import ServiceError
from apps.registry.models import CustodyStatement
from apps.registry.reconciling import statements_latest
from apps.registry.refusals import FileRefused
from apps.registry.services.statements import statement_compare, statement_import


class Command(BaseCommand):
    """Exits with 1 where the two differ, with a line for each run of serials."""

    help = "Compare a statement of our account at a registry with what we hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path", type=Path, nargs="?", help="without: each registry's newest statement"
        )
        parser.add_argument("--as-of", type=date.fromisoformat, help="of which day it is: today")
        parser.add_argument("--accounts", default="", help="our sub-accounts, by commas: all")

    def handle(self, *args: Any, **options: Any) -> None:
        differences = sum(self._print(one) for one in self._statements(**options))
        if differences:
            sys.exit(1)

    def _statements(
        self, *, path: Path | None, as_of: date | None, accounts: str, **_options: Any
    ) -> list[CustodyStatement]:
        if path is None:
            return [statement_compare(statement=one) for one in statements_latest()]
        try:
            statement = statement_import(path=path, as_of=as_of, accounts=accounts)
        except (FileRefused, OSError) as error:
            raise CommandError(str(error)) from error
        except ServiceError as error:
            raise CommandError(error.message) from error
        return [statement_compare(statement=statement)]

    def _print(self, statement: CustodyStatement) -> int:
        rows = list(statement.differences.all())
        for row in rows:
            because = f" ({row.get_because_display()})" if row.because else ""
            self.stdout.write(f"{row.kind} {row.tonnes.normalize():f} t {row.serial}{because}")
        self.stdout.write(
            f"{statement}: rows {statement.rows} tonnes {statement.tonnes} "
            f"agreed {statement.agreed_tonnes} differences {len(rows)}"
        )
        return len(rows)
