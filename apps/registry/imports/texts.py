"""A CSV file as rows of cells, read in one pass with flat memory.

A row's number is the physical line of the file on which it starts; a cell may contain line breaks.
Nothing is dropped: a row whose quotation marks do not close is given up alone, and the lines it
had swallowed are read again as rows of their own. The registries on APX's platform (ACR, CAR, ART)
put every cell in quotation marks and do not double those inside: such a line is read all the same.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self, TextIO

from apps.registry.imports.files import encoding_of
from apps.registry.imports.tables import Row
from apps.registry.refusals import FileRefused

DELIMITERS = ",;\t|"
LINE_LIMIT_CHARS = 1_000_000
# What Excel writes on the first line to tell itself the delimiter.
_SEPARATOR = "sep="


class TextTable:
    """The rows of a CSV file."""

    parts: Sequence[str] = tuple(DELIMITERS)

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._encoding = encoding_of(path)
        self.bytes_total = size_bytes

    @property
    def bytes_read(self) -> int:
        return self._file.buffer.tell()

    def __enter__(self) -> Self:
        # newline="" leaves every line break as it is: a cell keeps its own.
        self._file: TextIO = self._path.open(encoding=self._encoding, newline="")
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def rows(self, part: str) -> Iterator[Row]:
        self._file.seek(0)
        lines = _Lines(self._file)
        reader = csv.reader(lines, delimiter=part, strict=True)
        while True:
            line = lines.next_number
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield lines.broken_row(line, part)
                reader = csv.reader(lines, delimiter=part, strict=True)
                continue
            lines.forget_taken()
            if any(cell.strip() for cell in cells) and not _is_separator(line, cells):
                yield Row(line, cells, is_unended=lines.is_unended)


def _is_separator(line: int, cells: list[str]) -> bool:
    return line == 1 and cells[0].casefold().startswith(_SEPARATOR) and not any(cells[2:])


def _between_marks(line: str, delimiter: str) -> list[str]:
    """The cells of a line where each stands in quotation marks; none if that is not so.

    A cell that itself contains the marks around a delimiter makes one too many, and so a row that
    is refused for its length.
    """
    text = line.rstrip("\r\n")
    marked = text.removesuffix(delimiter)
    if len(marked) < 2 or not (marked.startswith('"') and marked.endswith('"')):
        return []
    return marked[1:-1].split(f'"{delimiter}"') + [""] * (len(text) - len(marked))


class _Lines:
    """The physical lines of a file, which remembers those taken for the record under way."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._taken: list[str] = []
        self._given_back: deque[str] = deque()
        self.next_number = 1
        self.is_unended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self.next_number += 1
        self._taken.append(line)
        self.is_unended = not line.endswith(("\r", "\n"))
        return line

    def forget_taken(self) -> None:
        self._taken.clear()

    def broken_row(self, line: int, delimiter: str) -> Row:
        """The first line taken, which CSV's rules do not cover; the others are to be read again."""
        first, *rest = self._taken
        self._given_back.extendleft(reversed(rest))
        self.next_number -= len(rest)
        self._taken.clear()
        is_unended = not first.endswith(("\r", "\n"))
        if cells := _between_marks(first, delimiter):
            return Row(line, cells, is_unended=is_unended)
        is_long = not rest and len(first) > csv.field_size_limit()
        return Row(line, [first.rstrip("\r\n")], "row_long" if is_long else "row_quote", is_unended)

    def _read(self) -> str:
        try:
            line = self._file.readline(LINE_LIMIT_CHARS)
        except UnicodeDecodeError:
            # UTF-16 alone: the others have been read once to see that they are.
            raise FileRefused("file_encoding", line=self.next_number) from None
        if len(line) == LINE_LIMIT_CHARS and not line.endswith(("\r", "\n")):
            raise FileRefused("file_line", line=self.next_number, limit=LINE_LIMIT_CHARS)
        return line
