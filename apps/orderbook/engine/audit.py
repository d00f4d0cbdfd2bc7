"""Checking a product's journal: its chain of hashes, and that it replays to what the tables say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from apps.orderbook.engine.book import Book
from apps.orderbook.engine.journal import chain
from apps.orderbook.engine.recovery import book_load, progress_read
from apps.orderbook.engine.replay import ReplayDiffers, replay
from apps.orderbook.engine.session import Connection
from apps.orderbook.ids import id_first

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_EVENTS: Final = """
SELECT id, sequence, body, hash FROM orderbook_event WHERE id >= %s AND id < %s ORDER BY id
"""
FETCH: Final = 5_000


class Row(NamedTuple):
    """An event as it is stored."""

    id: int
    sequence: int
    body: str
    hash: bytes


def verify_chain(connection: Connection, product_id: int) -> Iterator[str]:
    """Recompute every hash of a product. Yields a line for each thing that is wrong."""
    with connection.transaction():
        connection.execute(_SNAPSHOT)
        progress = progress_read(connection, product_id)
        previous, number, sequence = b"", 0, 0
        for row in _events(connection, product_id):
            number += 1
            if row.id != id_first(product_id) + number:
                yield f"{progress.code}: event {number} is missing"
                return
            if row.sequence < sequence:
                yield f"{progress.code}: event {number} goes back to sequence {row.sequence}"
            if row.hash != chain(previous, row.body):
                yield f"{progress.code}: event {number} is not what its hash says"
            previous, sequence = row.hash, row.sequence
        if (number, sequence, previous) != (
            progress.event_number, progress.sequence, progress.hash
        ):  # fmt: skip
            yield f"{progress.code}: the journal ends at event {number}, the engine elsewhere"


def verify_replay(connection: Connection, product_id: int) -> Iterator[str]:
    """Replay a product's journal and compare the book it gives with the tables."""
    with connection.transaction():
        connection.execute(_SNAPSHOT)
        progress = progress_read(connection, product_id)
        book = Book(progress.price_increment, progress.size_increment)
        for row in _events(connection, product_id):
            try:
                replay(book, row.body)
            except ReplayDiffers as error:
                yield f"{progress.code}: event {row.id - id_first(product_id)} differs\n{error}"
                return
        if book.state_hash() != book_load(connection, progress).state_hash():
            yield f"{progress.code}: the journal replays to another book than the tables hold"


def _events(connection: Connection, product_id: int) -> Iterator[Row]:
    """All events of a product, a page at a time."""
    with connection.cursor(name="events") as cursor:
        cursor.itersize = FETCH
        cursor.execute(_EVENTS, (id_first(product_id), id_first(product_id + 1)))
        yield from map(Row._make, cursor)
