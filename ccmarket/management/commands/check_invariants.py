"""`manage.py check_invariants`: recomputes everything that must always be true."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from ccmarket.invariants import INVARIANTS


class Command(BaseCommand):
    help = "Recompute every invariant; print a line for each broken one and exit 1."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        # One snapshot for all of them: the market goes on while we look.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for name, check in INVARIANTS.items():
                for line in check():
                    broken += 1
                    self.stderr.write(f"{name}: {line}")
        if broken:
            raise CommandError(f"{broken} broken", returncode=1)
        self.stdout.write(f"{len(INVARIANTS)} invariants hold")
