"""Files that a bulk order gives back, to whoever may see it: page and API send the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.http import StreamingHttpResponse

from apps.accounts.amounts import text_from_micro
from apps.accounts.spreadsheets import csv_response
from apps.orderbook.models import BulkOrder
from apps.orderbook.selectors.bulk_executions import lines_done
from apps.orderbook.selectors.bulk_orders import report_of

_HEADER: Final = (
    *("line", "beneficiary", "cost_centre", "tonnes", "tonnes_filled", "tonnes_retired"),
    "certificates",
)


def report_download(order: BulkOrder) -> StreamingHttpResponse:
    """The file with what is wrong in front of each line, to correct and send again."""
    header, rows = report_of(order)
    return csv_response(name="bulk-order-report.csv", header=header, rows=rows)


def lines_download(order: BulkOrder) -> StreamingHttpResponse:
    """Every line and what it got."""
    return csv_response(name="bulk-order-lines.csv", header=_HEADER, rows=_line_rows(order))


def _line_rows(order: BulkOrder) -> Iterator[list[str]]:
    for line, beneficiary, cost_centre, *grams, numbers in lines_done(order):
        amounts = [text_from_micro(amount) for amount in grams]
        yield [str(line), beneficiary, cost_centre, *amounts, numbers]
