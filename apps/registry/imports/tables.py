"""A registry's CSV file as numbered rows of cells, read in one pass with flat memory.

A row's number is the physical line of the file on which it starts, as an editor shows it; a cell
may contain line breaks. Nothing is dropped: a row whose quotation marks do not close is given up
alone, and the lines it had swallowed are read again as rows of their own.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from apps.registry.refusals import FileRefused

DELIMITERS = ",;\t"
LINE_LIMIT_CHARS = 1_000_000
_SNIFF_BYTES = 65_536
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it starts on and its cells; `is_broken` if a quote never closes."""

    line: int
    cells: list[str]
    is_broken: bool = False


class Table:
    """The rows of one file; a context manager. Blank rows are left out.

    Raises `FileRefused` on opening (missing, empty, not text) or while rows are read (not UTF-8,
    a line without end).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._encoding = _encoding(path)
        self.bytes_total = path.stat().st_size

    @property
    def bytes_read(self) -> int:
        """How far into the file reading has come, give or take a buffer."""
        return self._file.buffer.tell()

    def __enter__(self) -> Self:
        # newline="" leaves every line break as it is: a cell keeps its own.
        self._file: TextIO = self.path.open(encoding=self._encoding, newline="")
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def rows(self, delimiter: str) -> Iterator[Row]:
        """Every record from the start of the file."""
        self._file.seek(0)
        lines = _Lines(self._file, self.path, self._encoding)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            line = lines.next_number
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(line, lines.give_back_all_but_first(), is_broken=True)
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                continue
            lines.forget_taken()
            if any(cell.strip() for cell in cells):
                yield Row(line, cells)


class _Lines:
    """The physical lines of a file, which remembers those taken for the record under way."""

    def __init__(self, file: TextIO, path: Path, encoding: str) -> None:
        self._file = file
        self._path = path
        self._encoding = encoding
        self._taken: list[str] = []
        self._given_back: deque[str] = deque()
        self.next_number = 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self.next_number += 1
        self._taken.append(line)
        return line

    def forget_taken(self) -> None:
        self._taken.clear()

    def give_back_all_but_first(self) -> list[str]:
        first, *rest = self._taken
        self._given_back.extendleft(reversed(rest))
        self.next_number -= len(rest)
        self._taken.clear()
        return [first.rstrip("\r\n")]

    def _read(self) -> str:
        try:
            line = self._file.readline(LINE_LIMIT_CHARS)
        except UnicodeDecodeError:
            bad_line = _undecodable_line(self._path, self._encoding)
            raise FileRefused("file_encoding", line=bad_line) from None
        if len(line) == LINE_LIMIT_CHARS and not line.endswith(("\r", "\n")):
            raise FileRefused("file_line", line=self.next_number, limit=LINE_LIMIT_CHARS)
        return line


def _encoding(path: Path) -> str:
    if not path.is_file():
        raise FileRefused("file_missing", path=path)
    with path.open("rb") as file:
        start = file.read(_SNIFF_BYTES)
    if not start.strip():
        raise FileRefused("file_empty")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start or start.startswith(_ARCHIVES):
        raise FileRefused("file_binary")
    return "utf-8-sig"


def _undecodable_line(path: Path, encoding: str) -> int:
    """The first line that is not in `encoding`; decoding by chunks does not know."""
    if encoding == "utf-16":
        return 1
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"every line of {path} is UTF-8, but not the whole")
