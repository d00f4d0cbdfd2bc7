"""What must always be true of invoices, recomputed from the fees in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from apps.accounts.invoicing import Paid, bills_of
from apps.accounts.models import Invoice, InvoicedMonth, InvoiceLine
from apps.accounts.statements import Month

NUMBERS = """
SELECT count(*), coalesce(max(number), 0) FROM accounts_invoice
"""
SUMS = """
SELECT i.number FROM accounts_invoice i
WHERE i.total <> (SELECT coalesce(sum(l.amount), 0) FROM accounts_invoiceline l
                  WHERE l.invoice_id = i.id)
   OR NOT EXISTS (SELECT FROM accounts_invoicedmonth m WHERE m.month = i.month)
ORDER BY 1
"""


def invoices_are_the_fees_paid() -> Iterator[str]:
    """Every fee of an invoiced month is on one invoice of who paid it, and nothing else is."""
    for done in InvoicedMonth.objects.order_by("month"):
        billed = {
            (bill.owner_id, bill.asset_id): sorted(bill.lines)
            for bill in bills_of(Month(done.month.year, done.month.month))
        }
        written = {
            (invoice.owner_id, invoice.asset_id): sorted(_lines(invoice))
            for invoice in Invoice.objects.filter(month=done.month).prefetch_related("lines")
        }
        for owner, asset in sorted(billed.keys() | written.keys()):
            if billed.get((owner, asset)) != written.get((owner, asset)):
                yield f"invoices of {done}: owner {owner} asset {asset} paid other fees"


def invoices_are_numbered_without_a_gap() -> Iterator[str]:
    """From 1 on, none left out, and each is the sum of its lines."""
    with connection.cursor() as cursor:
        cursor.execute(NUMBERS)
        count, last = cursor.fetchone()
        if count != last:
            yield f"invoices: {count} of them, the last has number {last}"
        cursor.execute(SUMS)
        for (number,) in cursor.fetchall():
            yield f"invoice {number}: not the sum of its lines, or of no invoiced month"


def _lines(invoice: Invoice) -> Iterator[Paid]:
    line: InvoiceLine
    for line in invoice.lines.all():
        yield Paid(line.account_id or 0, line.kind, line.market, line.count, line.amount)
