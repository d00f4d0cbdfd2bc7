"""An XLSX workbook as rows of cells, read as a stream and never trusted.

The archive is measured before anything of it is unpacked, entities in its XML are refused
(openpyxl reads through defusedxml), and formulas are only text: a cell with one says what stands
in it, `=A1+1`, and nothing is computed.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final, Self
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from apps.registry.imports.files import check_size
from apps.registry.imports.tables import Row
from apps.registry.refusals import FileRefused

ROWS_MAX: Final = 1_048_576
PARTS_MAX: Final = 2_000
# Sheets of like rows shrink to a fortieth; what shrinks further is made to swell.
RATIO_MAX: Final = 200
_SMALL_BYTES: Final = 1_000_000
_DIRECTORY_BYTES_MAX: Final = 1_000_000
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_COMMENT_BYTES_MAX: Final = 65_535
# What reading a broken or forged workbook raises, besides its own kinds of error.
_BROKEN: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, InvalidFileException, ParseError),
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, OverflowError, AssertionError, struct.error, zlib.error),
)


class Workbook:
    """The rows of an XLSX file; its parts are its sheets."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self.bytes_total = size_bytes

    @property
    def parts(self) -> Sequence[str]:
        return tuple(self._book.sheetnames)

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    def __enter__(self) -> Self:
        self._file: IO[bytes] = self._path.open("rb")
        try:
            with _readable():
                _measure(self._file)
                self._book = load_workbook(self._file, read_only=True, keep_links=False)
        except FileRefused:
            self._file.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._book.close()
        self._file.close()

    def rows(self, part: str) -> Iterator[Row]:
        with _readable():
            sheet = self._book[part]
            if not hasattr(sheet, "reset_dimensions"):
                return
            # What the sheet says of its own size is not believed.
            sheet.reset_dimensions()
            read = sheet.iter_rows(values_only=True, max_row=ROWS_MAX)
        number = 0
        while True:
            with _readable():
                values = next(read, None)
            if values is None:
                return
            number += 1
            cells = [_text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield Row(number, cells, is_padded=True)


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever a forged workbook makes its reader do wrong is the workbook's fault."""
    try:
        yield
    except FileRefused:
        raise
    except _BROKEN as error:
        raise FileRefused("file_workbook") from error


def _measure(file: IO[bytes]) -> None:
    """Raise `FileRefused` unless the archive is of a size and shape that spreadsheets have."""
    _measure_directory(file)
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
    if len(parts) > PARTS_MAX:
        raise FileRefused("file_bomb")
    check_size(sum(part.file_size for part in parts))
    for part in parts:
        if part.file_size > max(_SMALL_BYTES, part.compress_size * RATIO_MAX):
            raise FileRefused("file_bomb")


def _measure_directory(file: IO[bytes]) -> None:
    """The list of parts is read as a whole: how long it is has to be known before."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _COMMENT_BYTES_MAX))
    tail = file.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise FileRefused("file_workbook")
    length = _END.unpack_from(tail, at)[5]
    # The 64-bit form, which no spreadsheet of a size we take needs, could say something else.
    if length > _DIRECTORY_BYTES_MAX or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise FileRefused("file_bomb")
    file.seek(0)


def _text(value: Any) -> str:
    """A cell as a CSV file would have it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        is_day = value.time() == value.min.time()
        return value.date().isoformat() if is_day else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)
