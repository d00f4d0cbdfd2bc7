"""Lists for people's spreadsheets, in which no cell is ever run as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Final

from django.http import HttpResponse

# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def cell_text(value: object) -> str:
    """The value as text; an apostrophe before what a spreadsheet would take for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_response(
    *, file_name: str, header: Iterable[object], rows: Iterable[Iterable[object]]
) -> HttpResponse:
    """A CSV file to keep, in UTF-8 with the mark by which Excel knows it."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    writer = csv.writer(response)
    for row in (header, *rows):
        writer.writerow([cell_text(value) for value in row])
    return response
