"""Amounts as people and spreadsheets write them, never guessed.

One file writes its decimals with a point or with a comma, not with both. What could be read either
way (`1,234`, and `1.234` beside decimal commas) is refused rather than taken for a thousand times
too much.
"""

from __future__ import annotations

import re
from array import array
from typing import Final

from apps.orderbook.bulk.refusals import BulkRefused

_SPACES: Final = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
_PLAIN: Final = re.compile(r"\d{1,19}", re.ASCII)
_POINT: Final = re.compile(r"(\d{1,19})\.(\d+)", re.ASCII)
_COMMA: Final = re.compile(r"(\d{1,19}),(\d+)", re.ASCII)
_COMMAS_BETWEEN: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_POINTS_BETWEEN: Final = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", re.ASCII)
# What a spreadsheet has of a number, and shows of it.
_DIGITS: Final = 15


class Numbers:
    """Reads the amounts of one file, and remembers how it writes decimals."""

    def __init__(self) -> None:
        self.point_line: int | None = None
        self.comma_line: int | None = None
        # Lines with amounts like 1.234: decimals, unless the file's decimals turn out as commas.
        self.doubtful = array("q")

    def plain(self, text: str, *, line: int, is_computed: bool) -> str:
        """The number with a point for its decimals and nothing between thousands.

        `is_computed` numbers come from a workbook, which writes them with a point and sometimes
        with the noise of binary fractions. Raises `BulkRefused`.
        """
        text = _SPACES.sub("", text.strip())
        if _PLAIN.fullmatch(text):
            return text
        if is_computed and (match := _POINT.fullmatch(text)):
            return _without_noise(text) if len(match[1] + match[2]) > _DIGITS else text
        if match := _POINT.fullmatch(text):
            self._see_point(match, line)
            return text
        if match := _COMMA.fullmatch(text):
            if _could_be_thousands(match):
                raise BulkRefused("number_ambiguous", found=text[:40])
            self.comma_line = self.comma_line or line
            return f"{match[1]}.{match[2]}"
        if _COMMAS_BETWEEN.fullmatch(text):
            self.point_line = self.point_line or line
            return text.replace(",", "")
        if _POINTS_BETWEEN.fullmatch(text):
            self.comma_line = self.comma_line or line
            return text.replace(".", "").replace(",", ".")
        raise BulkRefused("number_invalid", found=text[:40])

    def check(self) -> None:
        """Raises `BulkRefused` for a file that writes decimals in both ways."""
        if self.point_line is not None and self.comma_line is not None:
            raise BulkRefused("marks_mixed", point=self.point_line, comma=self.comma_line)

    def lines_in_doubt(self) -> set[int]:
        """The lines with amounts that the file's decimal commas make doubtful."""
        return set(self.doubtful) if self.comma_line is not None else set()

    def _see_point(self, match: re.Match[str], line: int) -> None:
        if _could_be_thousands(match):
            self.doubtful.append(line)
        else:
            self.point_line = self.point_line or line


def _could_be_thousands(match: re.Match[str]) -> bool:
    whole, decimals = match[1], match[2]
    return len(decimals) == 3 and len(whole) <= 3 and not whole.startswith("0")


def _without_noise(text: str) -> str:
    shown = format(float(text), f".{_DIGITS}g")
    return text if "e" in shown else shown
