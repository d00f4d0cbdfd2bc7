"""Checking a product's journal: its chain of hashes, what it says was asked, and that it replays to
what the tables say, and to what the engine had in its memory wherever somebody asked for that.

Archived months are read from their files where a folder is given. Without one a chain is checked
from the last archived event on, and nothing can be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from apps.orderbook.engine import command as c
from apps.orderbook.engine.archive_files import ArchiveBroken, file_read
from apps.orderbook.engine.book import Book
from apps.orderbook.engine.journal import chain
from apps.orderbook.engine.months import Archive, End, archives_of, end_of
from apps.orderbook.engine.recovery import book_load, progress_read
from apps.orderbook.engine.replay import ReplayDiffers, command_of, replay
from apps.orderbook.engine.session import Connection, array
from apps.orderbook.ids import id_first

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Before the snapshot is taken: no month goes while it is read.
_LOCK: Final = "LOCK TABLE orderbook_event IN ACCESS SHARE MODE"
_EVENTS: Final = """
SELECT id, command_id, sequence, body, hash FROM orderbook_event
WHERE id > %s AND id < %s ORDER BY id
"""
_COMMANDS: Final = f"SELECT {c.COLUMNS} FROM orderbook_command WHERE id = ANY(%s::bigint[])"  # noqa: S608
FETCH: Final = 5_000

# What each kind of command asks for; the other columns of its row mean nothing.
ASKED: Final = {
    c.PLACE: (
        "owner", "side", "order_type", "price", "size", "funds", "time_in_force", "post_only",
        "self_trade", "client_oid", "entity", "stop", "stop_price", "expires_us", "display_size",
        "slippage_bps",
    ),
    c.AMEND: ("owner", "target", "price", "size"),
    c.CANCEL: ("owner", "target"),
    c.CANCEL_ALL: ("owner",),
    c.SET_SWITCH: ("owner", "timeout_s"),
    c.CHANGE: ("rules",),
    c.TIME: (),
    c.STATE: (),
}  # fmt: skip


class Row(NamedTuple):
    """An event as it is stored."""

    id: int
    command_id: int
    sequence: int
    body: str
    hash: bytes


def verify_chain(
    connection: Connection, product_id: int, folder: Path | None = None
) -> Iterator[str]:
    """Recompute every hash of a product, and hold each event against the command that it is about.
    Yields a line for each thing that is wrong. `folder` has the archived months."""
    with connection.transaction():
        connection.execute(_SNAPSHOT)
        connection.execute(_LOCK)
        progress = progress_read(connection, product_id)
        archives = archives_of(connection, product_id)
        number, sequence, previous = End() if folder else end_of(archives)
        for page in _pages(connection, product_id, archives, folder):
            for row in page:
                number += 1
                if row.id != id_first(product_id) + number:
                    yield f"{progress.code}: event {number} is missing"
                    return
                if row.sequence < sequence:
                    yield f"{progress.code}: event {number} goes back to sequence {row.sequence}"
                if row.hash != chain(previous, row.body):
                    yield f"{progress.code}: event {number} is not what its hash says"
                previous, sequence = row.hash, row.sequence
            for line in _misquoted(connection, page):
                yield f"{progress.code}: {line}"
        if (number, sequence, previous) != (
            progress.event_number, progress.sequence, progress.hash
        ):  # fmt: skip
            yield f"{progress.code}: the journal ends at event {number}, the engine elsewhere"


def verify_replay(
    connection: Connection, product_id: int, folder: Path | None = None
) -> Iterator[str]:
    """Replay a product's journal and compare the book it gives with the tables.

    Events that say what state a running engine's book was in are compared as all others are.
    Raises ArchiveBroken when months are archived and no `folder` has them.
    """
    with connection.transaction():
        connection.execute(_SNAPSHOT)
        connection.execute(_LOCK)
        progress = progress_read(connection, product_id)
        archives = archives_of(connection, product_id)
        if archives and not folder:
            last = end_of(archives).number
            raise ArchiveBroken(f"{progress.code}: events 1 to {last} are archived")
        book = Book(progress.price_increment, progress.size_increment)
        for page in _pages(connection, product_id, archives, folder):
            for row in page:
                try:
                    replay(book, row.body)
                except ReplayDiffers as error:
                    yield f"{progress.code}: event {row.id - id_first(product_id)} differs\n{error}"
                    return
        if book.state_hash() != book_load(connection, progress).state_hash():
            yield f"{progress.code}: the journal replays to another book than the tables hold"


def _misquoted(connection: Connection, page: list[Row]) -> Iterator[str]:
    """Events that say something else than their commands: either was changed since."""
    found = connection.execute(_COMMANDS, (array(row.command_id for row in page),))
    commands = {row[0]: c.Command(*row) for row in found}
    for row in page:
        try:
            said = command_of(json.loads(row.body))
        except (ValueError, KeyError):
            yield f"event {row.id} cannot be read"
            continue
        asked = commands.get(row.command_id)
        if asked is None:
            yield f"command {row.command_id} is missing"
        elif _request(said) != _request(asked):
            yield f"command {row.command_id} is not what its event says"


def _request(command: c.Command) -> tuple[object, ...]:
    asked = (getattr(command, name) for name in ASKED[command.kind])
    return command.id, command.kind, *asked


def _pages(
    connection: Connection, product_id: int, archives: list[Archive], folder: Path | None
) -> Iterator[list[Row]]:
    """A product's events, a page at a time: all of them, or those that are not archived."""
    first = id_first(product_id)
    for archive in archives if folder else ():
        assert folder
        events = file_read(folder / archive.file, archive.sha256)
        rows = (Row(first + e.number, e.command_id, e.sequence, e.body, e.hash) for e in events)
        while page := list(islice(rows, FETCH)):
            yield page
    with connection.cursor(name="events") as cursor:
        cursor.execute(_EVENTS, (first + end_of(archives).number, id_first(product_id + 1)))
        while found := cursor.fetchmany(FETCH):
            yield list(map(Row._make, found))
