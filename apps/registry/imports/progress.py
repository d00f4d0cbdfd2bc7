"""How far the reading of a file has come, told while it goes on."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from apps.registry.imports.rows import ReadRow, RefusedRow
from apps.registry.imports.tables import Table

EVERY_ROWS = 1_000


class Progress(NamedTuple):
    """Rows read so far, refused ones included, and the bytes of the file that they took.

    Once `bytes_read` is `bytes_total` the file is read, and compared and written as a whole.
    """

    rows_read: int
    bytes_read: int
    bytes_total: int


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tell nobody."""


def told(
    rows: Iterable[ReadRow | RefusedRow], table: Table, report: Report
) -> Iterator[ReadRow | RefusedRow]:
    """`rows` of `table` as they are; `report` is called every 1,000 of them and after the last."""
    count = 0
    for count, row in enumerate(rows, start=1):
        yield row
        if count % EVERY_ROWS == 0:
            report(Progress(count, min(table.bytes_read, table.bytes_total), table.bytes_total))
    report(Progress(count, table.bytes_total, table.bytes_total))
