"""A registry's file as numbered rows of cells, whether it is text or a workbook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it starts on, as an editor or a spreadsheet shows it, and its cells.

    `flaw` is the code of a refusal if it cannot be read at all; `is_unended` if its last line is
    the file's last and has no end; `is_padded` if empty cells at its end may have been left out.
    """

    line: int
    cells: list[str]
    flaw: str = ""
    is_unended: bool = False
    is_padded: bool = False


class Table(Protocol):
    """One file; a context manager. Blank rows are left out.

    `parts` are the ways to read it, of which one is right: its delimiters, or its sheets.
    """

    bytes_total: int

    @property
    def parts(self) -> Sequence[str]: ...

    @property
    def bytes_read(self) -> int:
        """How far into the file reading has come, give or take a buffer."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...

    def rows(self, part: str) -> Iterator[Row]:
        """Every record from the start. Raises `FileRefused` where no more can be read."""
