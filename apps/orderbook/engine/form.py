"""PostgreSQL's binary form of rows, in which it takes them as they are: for COPY, or as records.

A cell is the length of its value, and the value, its big end first. In a record each cell's type
comes before that. So a row is made in one way, from cells that its `Form` introduces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final

# The number that PostgreSQL has for a type, how `struct` writes it, and its length.
_TYPES: Final[dict[str, tuple[int, str, int]]] = {
    "bigint": (20, "q", 8),
    "smallint": (21, "h", 2),
    "boolean": (16, "?", 1),
    "timestamptz": (1184, "q", 8),
    "text": (25, "s", 0),
    "bytea": (17, "s", 0),
}
_NOTHING: Final = -1
# PostgreSQL counts its microseconds from 2000.
EPOCH_US: Final = 946_684_800_000_000

_short: Final = Struct(">h").pack
_int: Final = Struct(">i").pack
_ints: Final = Struct(">ii").pack
_array: Final = Struct(">iiiii").pack
COPY_BEGINS: Final = b"PGCOPY\n\xff\r\n\0" + _ints(0, 0)
COPY_ENDS: Final = _short(-1)


class Form:
    """What introduces rows and their cells."""

    def __init__(self, is_record: bool) -> None:
        self.is_record = is_record
        self.big = self.head("bigint")
        self.small = self.head("smallint")
        self.flag = self.head("boolean")
        self.time = self.head("timestamptz")
        self.no_big = self.head("bigint", _NOTHING)
        self.no_small = self.head("smallint", _NOTHING)
        self.no_time = self.head("timestamptz", _NOTHING)
        self.no_text = self.head("text", _NOTHING)
        self._big_cell = self.cells(["bigint"])
        self._small_cell = self.cells(["smallint"])

    def head(self, type_: str, size: int | None = None) -> bytes:
        """What introduces a cell; of its type's own length, if it has one."""
        number, _, own_size = _TYPES[type_]
        size = own_size if size is None else size
        return _ints(number, size) if self.is_record else _int(size)

    def cells(self, types: Sequence[str]) -> Callable[..., bytes]:
        """Packs cells of these types, each value after its head."""
        return self._packer("", types)

    def whole_row(self, types: Sequence[str]) -> tuple[bytes, Callable[..., bytes]]:
        """What introduces a row of cells of these types, none of them text or without a value, and
        what packs it with all of them."""
        cells = sum(len(self.big) + _TYPES[type_][2] for type_ in types)
        head = self.row_head(len(types), cells)
        return head, self._packer(f"{len(head)}s", types)

    def _packer(self, first: str, types: Sequence[str]) -> Callable[..., bytes]:
        size = len(self.big)
        return Struct(">" + first + "".join(f"{size}s{_TYPES[type_][1]}" for type_ in types)).pack

    def big_or_none(self, value: int | None) -> bytes:
        return self.no_big if value is None else self._big_cell(self.big, value)

    def small_or_none(self, value: int | None) -> bytes:
        return self.no_small if value is None else self._small_cell(self.small, value)

    def time_or_none(self, value: int | None) -> bytes:
        """`value` is microseconds since 2000."""
        return self.no_time if value is None else self._big_cell(self.time, value)

    def text_or_none(self, value: str | None) -> bytes:
        return self.no_text if value is None else self.bytes_cell("text", value.encode())

    def bytes_cell(self, type_: str, value: bytes) -> bytes:
        return self.head(type_, len(value)) + value

    def row_head(self, columns: int, size: int) -> bytes:
        """What introduces a row of so many cells, of this size together."""
        return _ints(4 + size, columns) if self.is_record else _short(columns)

    def row(self, columns: int, cells: bytes) -> bytes:
        """A row of so many cells."""
        return self.row_head(columns, len(cells)) + cells


def array_of(records: Sequence[bytes], type_number: int) -> bytes:
    """An array of records of this composite type."""
    return _array(1, 0, type_number, len(records), 1) + b"".join(records)


COPIED: Final = Form(is_record=False)
RECORDS: Final = Form(is_record=True)
