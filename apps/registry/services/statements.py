"""Reading a statement of our account at a registry, and comparing it with what we hold.

Both sides are compared gram by gram, as ranges of addresses: registries list one holding in any
number of rows. What we hold is every immobilised block; what was withdrawn or retired at the
registry is a block of its own by then and no longer ours. Comparing moves nothing.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.registry.imports.formats import detect, open_table, read_rows
from apps.registry.imports.rows import HoldingRow, RefusedRow
from apps.registry.models import (
    CustodyDifference,
    CustodyStatement,
    CustodyStatementLine,
    SerialBlock,
    SerialSeries,
)
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.registries import registry_row
from apps.registry.selectors import serial_of
from apps.registry.serials import parse
from apps.registry.services.statements_sql import AGREED, EXTRA, LACKING

log = structlog.get_logger(__name__)
_BATCH_ROWS = 1_000


def statement_import(
    *, path: Path, by: User | None = None, as_of: date | None = None, accounts: str = ""
) -> CustodyStatement:
    """The statement in the file at `path`, compared with what we hold now.

    `accounts` are the sub-accounts that are ours, by commas; empty for all of the file. The same
    file again gives the statement that it became, untouched.

    Raises FileRefused for what is no file of a registry, ServiceError `statement_kind`,
    `statement_row` (one that cannot be read, since half a statement says nothing) or
    `statement_twice` (serials that are listed twice).
    """
    ours = sorted({part.strip() for part in accounts.split(",") if part.strip()})
    with open_table(path) as table:
        found = detect(table)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if found.format.says is not HoldingRow:
            raise ServiceError(
                _("This is a file of %(kind)s. Choose the report of what our account holds.")
                % {"kind": f"{found.format.registry} {found.format.kind}"},
                code="statement_kind",
                field="file",
            )
        registry = registry_row(found.format.registry)
        known = CustodyStatement.objects.filter(
            registry=registry, sha256=digest, accounts=",".join(ours)
        )
        if statement := known.first():
            return statement
        rows = [
            row for row in _holdings(read_rows(table, found)) if not ours or row.account in ours
        ]
    _check_once(rows)
    with transaction.atomic():
        statement = CustodyStatement.objects.create(
            registry=registry,
            file_name=path.name[-255:],
            sha256=digest,
            accounts=",".join(ours),
            as_of=as_of or timezone.now().date(),
            rows=len(rows),
            tonnes=sum(row.serial.quantity for row in rows),
            imported_by=by,
        )
        _lines_write(statement, rows)
        return statement_compare(statement=statement)


def statement_compare(*, statement: CustodyStatement) -> CustodyStatement:
    """Compares it with what we hold now, and keeps the differences in place of the last ones."""
    with transaction.atomic(), connection.cursor() as cursor:
        locked = CustodyStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
        locked.differences.all().delete()
        _lines_place(locked)
        values: dict[str, Any] = {
            "statement": locked.pk,
            "registry": locked.registry_id,
            "as_of": locked.as_of,
        }
        cursor.execute(LACKING, values)
        lacking = cursor.fetchall()
        cursor.execute(EXTRA, values)
        extra = cursor.fetchall()
        cursor.execute(AGREED, values)
        locked.agreed_tonnes = cursor.fetchone()[0] // GRAMS_PER_TONNE
        CustodyDifference.objects.bulk_create(_differences(locked, [*lacking, *extra]))
        CustodyDifference.objects.bulk_create(
            CustodyDifference(
                statement=locked,
                kind=CustodyDifference.Kind.EXTRA,
                because=CustodyDifference.Because.UNKNOWN,
                serial=line.serial,
                tonnes=line.tonnes,
            )
            for line in locked.lines.filter(grams__isnull=True)
        )
        locked.compared_at = timezone.now()
        locked.save(update_fields=["compared_at", "agreed_tonnes"])
    if open_ := locked.differences.exclude(because__in=CustodyDifference.EXPLAINED).count():
        log.error("custody_differs", statement=str(locked), differences=open_)
    return locked


def _holdings(rows: Iterator[object]) -> Iterator[HoldingRow]:
    for row in rows:
        if isinstance(row, RefusedRow):
            raise ServiceError(
                _("Line %(line)s cannot be read: %(reason)s Nothing of the statement was taken.")
                % {"line": row.line, "reason": row.message},
                code="statement_row",
                field="file",
            )
        assert isinstance(row, HoldingRow), "a statement is made of holdings"
        yield row


def _lines_write(statement: CustodyStatement, rows: Sequence[HoldingRow]) -> None:
    CustodyStatementLine.objects.bulk_create(
        (
            CustodyStatementLine(
                statement=statement,
                line=row.line,
                account=row.account[:60],
                serial=str(row.serial),
                tonnes=row.serial.quantity,
            )
            for row in rows
        ),
        batch_size=_BATCH_ROWS,
    )


def _check_once(rows: Sequence[HoldingRow]) -> None:
    """No serial is listed twice."""
    for one, other in itertools.pairwise(sorted(rows, key=_place)):
        if one.serial.series == other.serial.series and other.serial.first <= one.serial.last:
            first, again = sorted((one.line, other.line))
            raise ServiceError(
                _("Line %(line)s lists serials of line %(other)s again. Ask the registry.")
                % {"line": again, "other": first},
                code="statement_twice",
                field="file",
            )


def _place(row: HoldingRow) -> tuple[str, int]:
    return row.serial.series, row.serial.first


def _lines_place(statement: CustodyStatement) -> None:
    """Gives lines their addresses, but for those of series of which no block is known yet."""
    series = {one.key: one for one in SerialSeries.objects.filter(registry=statement.registry_id)}
    placed = []
    for line in statement.lines.filter(grams__isnull=True):
        serial = parse(line.serial)
        one = series.get(serial.series)
        if one is None or serial.last >= one.window_tonnes:
            continue
        lower = one.first_gram + serial.first * GRAMS_PER_TONNE
        line.grams = NumericRange(lower, lower + serial.quantity * GRAMS_PER_TONNE)
        placed.append(line)
    CustodyStatementLine.objects.bulk_update(placed, ["grams"], batch_size=_BATCH_ROWS)


def _differences(
    statement: CustodyStatement, rows: Sequence[tuple[str, str, int | None, str, int, int]]
) -> Iterator[CustodyDifference]:
    blocks = SerialBlock.objects.select_related("root").in_bulk(
        {block for _kind, _because, block, *_rest in rows if block is not None}
    )
    for kind, because, block_id, serial, lower, upper in rows:
        block = blocks.get(block_id) if block_id is not None else None
        if block is not None:
            first = block.start + (lower - block.base) // GRAMS_PER_TONNE
            last = block.start + (upper - 1 - block.base) // GRAMS_PER_TONNE
            serial = serial_of(block, first, last)
        yield CustodyDifference(
            statement=statement,
            kind=kind,
            because=because,
            block=block,
            grams=NumericRange(lower, upper),
            serial=serial,
            tonnes=Decimal(upper - lower) / GRAMS_PER_TONNE,
        )
