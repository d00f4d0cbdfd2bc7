"""CSV files that people open in a spreadsheet.

What registries and customers wrote may begin like a formula (`=HYPERLINK(...)`), which a
spreadsheet would carry out. OWASP's advice against CSV injection: an apostrophe in front makes it
text: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import Final

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
# Spreadsheets take a file for UTF-8 only with this mark in front.
_MARK: Final = "\ufeff"
_BATCH_ROWS: Final = 1_000


def harmless(cell: object) -> object:
    """A cell that no spreadsheet computes; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_response(
    *, name: str, header: Iterable[object], rows: Iterable[Iterable[object]]
) -> StreamingHttpResponse:
    """A download of the rows, however many: read and sent a batch at a time."""
    writer, left = csv.writer(_Echo()), iter(rows)

    def batch() -> str:
        lines = islice(left, _BATCH_ROWS)
        return "".join(str(writer.writerow([harmless(cell) for cell in row])) for row in lines)

    async def content() -> AsyncIterator[str]:
        yield _MARK + str(writer.writerow(header))
        while text := await sync_to_async(batch)():
            yield text

    answer = StreamingHttpResponse(content(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
