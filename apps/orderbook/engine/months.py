"""The journal's months: a table each for the events of one, made ahead, and old ones archived.

A month goes into one file per product. Only when those are on disk, and were read again, does its
table go, in the transaction that writes down what the files are. A month comes back the other way
round. Months go in their order, so a product's numbers have no gap but before the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.errors import LockNotAvailable

from apps.accounts.errors import ServiceError
from apps.orderbook.engine.archive_files import Archived, file_read, file_write
from apps.orderbook.engine.journal import chain
from apps.orderbook.engine.session import Connection, one
from apps.orderbook.ids import NUMBER_BITS, id_first

MONTHS_AHEAD: Final = 3
# A statement that began before midnight may still be at work.
SETTLED: Final = timedelta(days=1)
FETCH: Final = 5_000

_CREATE: Final = "SELECT orderbook_event_month_create(%s)"
_MONTHS: Final = r"""
SELECT to_date(right(c.relname, 7), 'YYYY_MM')::text FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'orderbook_event'::regclass AND c.relname ~ '_\d{4}_\d{2}$' ORDER BY 1
"""
_PRODUCTS: Final = "SELECT id, code FROM orderbook_product ORDER BY id"
_ARCHIVES: Final = """
SELECT month::text, first_number, last_number, last_sequence, last_hash, file, sha256
FROM orderbook_journalarchive WHERE product_id = %s ORDER BY first_number
"""
_LAST: Final = "SELECT coalesce(max(id), 0) FROM {month} WHERE id > %s AND id < %s"
_EVENTS: Final = """
SELECT id, command_id, sequence, created_at, body, hash FROM orderbook_event
WHERE id > %s AND id <= %s ORDER BY id
"""
# All commands of months that are archived were decided: archiving asks for that. A clock that went
# back leaves a command of the next month with an event of this one.
ARCHIVED_UNTIL: Final = """coalesce(
    (SELECT max(month) + interval '1 month 1 hour' FROM orderbook_journalarchive), '-infinity')"""
_UNDECIDED: Final = f"""
SELECT c.id FROM orderbook_command c
WHERE c.created_at < %(until)s AND c.created_at >= {ARCHIVED_UNTIL}
    AND NOT EXISTS (SELECT FROM orderbook_event e WHERE e.command_id = c.id) LIMIT 1
"""  # noqa: S608
_UNTOLD: Final = "SELECT 1 FROM accounts_webhookcursor WHERE name = %s AND position < %s"
_RECORD: Final = """
INSERT INTO orderbook_journalarchive
    (product_id, month, first_number, last_number, last_sequence, last_hash, file, sha256)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_LEFT_OUT: Final = """
SELECT count(*) FROM {month} e WHERE NOT EXISTS (
    SELECT FROM orderbook_journalarchive a WHERE a.product_id = e.id >> {bits}
        AND (a.product_id << {bits}) + a.last_number >= e.id)
"""
_PATIENCE: Final = "SET LOCAL lock_timeout = '500ms'"
_DETACH: Final = "ALTER TABLE orderbook_event DETACH PARTITION {month}"
_DROP: Final = "DROP TABLE {month}"
_TABLE: Final = "SELECT orderbook_event_month_table(%s)"
_BACK: Final = "COPY {month} (id, command_id, sequence, created_at, body, hash) FROM STDIN"
_ATTACH: Final = (
    "ALTER TABLE orderbook_event ATTACH PARTITION {month} FOR VALUES FROM ({begin}) TO ({until})"
)
_ATTACH_FIRST: Final = _ATTACH.replace("{begin}", "MINVALUE")
_STRAY: Final = """
INSERT INTO orderbook_event (id, command_id, sequence, created_at, body, hash)
SELECT * FROM (
    VALUES (%s::bigint, %s::bigint, %s::bigint, %s::timestamptz, %s, %s::bytea)
) AS v (id)
WHERE NOT EXISTS (SELECT FROM orderbook_event e WHERE e.id = v.id)
"""
_FORGET: Final = "DELETE FROM orderbook_journalarchive WHERE month = %s"


class Archive(NamedTuple):
    """A month of a product's events in a file. Numbers are those of events in their product."""

    month: str
    first_number: int
    last_number: int
    last_sequence: int
    last_hash: bytes
    file: str
    sha256: str


class End(NamedTuple):
    """Where the chain of a product stands after an event."""

    number: int = 0
    sequence: int = 0
    hash: bytes = b""


def months_create(connection: Connection, today: date) -> None:
    """See to it that this month and the next ones have their tables. May be repeated."""
    for ahead in range(MONTHS_AHEAD + 1):
        connection.execute(_CREATE, (_later(today.replace(day=1), ahead),))


def months_old(connection: Connection, *, now: datetime, keep: int) -> list[date]:
    """The months in the table that are over, the oldest first, but for the last `keep` of them."""
    months = [date.fromisoformat(month) for (month,) in connection.execute(_MONTHS)]
    over = [month for month in months if _until(month) + SETTLED <= now]
    return over[: len(over) - keep] if keep else over


def archives_of(connection: Connection, product_id: int) -> list[Archive]:
    """A product's archives in the order of their events."""
    return [Archive(*row) for row in connection.execute(_ARCHIVES, (product_id,))]


def end_of(archives: Iterable[Archive]) -> End:
    """Where the chain stands after these archives."""
    end = End()
    for archive in archives:
        end = End(archive.last_number, archive.last_sequence, archive.last_hash)
    return end


def month_archive(connection: Connection, month: date, folder: Path) -> list[Path]:
    """Put the oldest month's events into files, one for each product, and drop its table.

    Raises ServiceError: `undecided` when a command of that time waits for its event still,
    `webhooks_behind` when events are still to be told, `journal_broken` when they do not follow
    each other, `journal_busy` while somebody reads them. Nothing is dropped then.
    """
    _refuse_undecided(connection, month)
    written: list[tuple[int, Archive]] = []
    for product_id, code in connection.execute(_PRODUCTS).fetchall():
        if archive := _product_archive(connection, product_id, code, month, folder):
            written.append((product_id, archive))
    with connection.transaction():
        for product_id, archive in written:
            connection.execute(_RECORD, (product_id, *archive))
        _detach(connection, month)
        (left_out,) = one(connection.execute(_of(_LEFT_OUT, month)))
        if left_out:
            raise ServiceError(
                _("Events of that month came while it was archived. Try again."),
                code="month_not_over",
            )
        connection.execute(_of(_DROP, month))
    return [folder / archive.file for _product, archive in written]


def month_restore(connection: Connection, folder: Path) -> date:
    """Bring the newest archived month back into a table of its own. Its files stay.

    Raises ServiceError `nothing_archived`, and ArchiveBroken when a file is not what it was.
    """
    newest = [
        (product_id, archives)
        for product_id, _code in connection.execute(_PRODUCTS).fetchall()
        if (archives := archives_of(connection, product_id))
    ]
    if not newest:
        raise ServiceError(_("No month of the journal is archived."), code="nothing_archived")
    name = max(archives[-1].month for _product, archives in newest)
    month = date.fromisoformat(name)
    is_first = all(archives[0].month == name for _product, archives in newest)
    with connection.transaction():
        connection.execute(_TABLE, (_table(month),))
        strays: list[tuple[Any, ...]] = []
        with connection.cursor().copy(_of(_BACK, month)) as copy:
            for row in _rows_of(newest, name, folder):
                if datetime.fromisoformat(row[3]) < _until(month):
                    copy.write_row(row)
                else:
                    strays.append(row)
        connection.execute(_of(_ATTACH_FIRST if is_first else _ATTACH, month))
        with connection.cursor() as cursor:
            cursor.executemany(_STRAY, strays)
        connection.execute(_FORGET, (month,))
    return month


def _rows_of(
    archived: Iterable[tuple[int, list[Archive]]], month: str, folder: Path
) -> Iterator[tuple[Any, ...]]:
    """All events in the files of a month. At the end of each may be some of the next one, where the
    clock went back."""
    for product_id, archives in archived:
        if archives[-1].month == month:
            for event in file_read(folder / archives[-1].file, archives[-1].sha256):
                yield id_first(product_id) + event.number, *event[1:]


def _product_archive(
    connection: Connection, product_id: int, code: str, month: date, folder: Path
) -> Archive | None:
    """Write a product's events up to the last of a month, and read them again."""
    end = end_of(archives_of(connection, product_id))
    first, after = id_first(product_id), id_first(product_id + 1)
    (last,) = one(connection.execute(_of(_LAST, month), (first + end.number, after)))
    if not last:
        return None
    _refuse_untold(connection, product_id, last)
    name = f"{code}-{end.number + 1:012d}-{last - first:012d}.jsonl.gz"
    digest = file_write(folder / name, _events(connection, first, end.number, last))
    told = end
    for event in file_read(folder / name, digest):
        if event.number != told.number + 1 or event.hash != chain(told.hash, event.body):
            raise ServiceError(
                _("Event %(number)s of %(product)s does not follow the one before it.")
                % {"number": told.number + 1, "product": code},
                code="journal_broken",
            )
        told = End(event.number, event.sequence, event.hash)
    return Archive(month.isoformat(), end.number + 1, *told, name, digest)


def _events(connection: Connection, first: int, number: int, last: int) -> Iterator[Archived]:
    with connection.transaction(), connection.cursor(name="archived") as cursor:
        cursor.itersize = FETCH
        for id_, *told in cursor.execute(_EVENTS, (first + number, last)):
            yield Archived(id_ - first, *told)


def _detach(connection: Connection, month: date) -> None:
    """Engines wait while this waits for whoever reads the journal: so not for long."""
    connection.execute(_PATIENCE)
    try:
        connection.execute(_of(_DETACH, month))
    except LockNotAvailable:
        raise ServiceError(
            _("Somebody is reading the journal. Try again when that is over."),
            code="journal_busy",
        ) from None


def _refuse_undecided(connection: Connection, month: date) -> None:
    if connection.execute(_UNDECIDED, {"until": _until(month)}).fetchone():
        raise ServiceError(
            _("A command of that month waits for its engine. Start one and try again."),
            code="undecided",
        )


def _refuse_untold(connection: Connection, product_id: int, last: int) -> None:
    if connection.execute(_UNTOLD, (f"orders:{product_id}", last)).fetchone():
        raise ServiceError(
            _("Webhooks are still to be told of that month. Start the worker and try again."),
            code="webhooks_behind",
        )


def _of(statement: str, month: date) -> sql.Composed:
    """The statement for a month's table."""
    return sql.SQL(statement).format(
        month=sql.Identifier(_table(month)),
        begin=sql.Literal(_begin(month)),
        until=sql.Literal(_until(month)),
        bits=sql.Literal(NUMBER_BITS),
    )


def _table(month: date) -> str:
    return f"orderbook_event_{month:%Y_%m}"


def _begin(month: date) -> datetime:
    return datetime.combine(month, datetime.min.time(), UTC)


def _until(month: date) -> datetime:
    """The end of a month, which is not of it any more."""
    return _begin(_later(month, 1))


def _later(month: date, months: int) -> date:
    year, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, index + 1, 1)
