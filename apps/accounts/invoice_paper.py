"""An invoice on paper."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

from apps.accounts.invoicing import lines_of
from apps.accounts.models import Invoice
from apps.accounts.paper.sheet import (
    BODY,
    LINE,
    SMALL,
    WIDTH,
    document_make,
    facts_table,
    paragraph,
    table_make,
)
from apps.accounts.paper.typesetting import BOLD
from apps.accounts.templatetags.units import bps
from apps.accounts.units import grouped_text

TITLE = ParagraphStyle("title", BODY, fontSize=18, leading=25)
NUMBER = ParagraphStyle("number", BODY, alignment=TA_RIGHT)


def invoice_pdf(invoice: Invoice) -> bytes:
    """The invoice as a PDF in the active language; always the same bytes."""
    return document_make(invoice.name, _content(invoice))


def _content(invoice: Invoice) -> Iterator[Flowable]:
    title = _("Credit note") if invoice.is_credit else _("Invoice")
    yield paragraph(f"{title} {invoice.name}", TITLE, font=BOLD)
    yield Spacer(0, 4 * mm)
    yield facts_table(
        [
            (_("Seller"), invoice.seller_name),
            (_("Address"), invoice.seller_address),
            (_("Tax id"), invoice.seller_tax_id),
            (_("Buyer"), invoice.buyer_name),
            (_("Address"), invoice.buyer_address),
            (_("Country"), invoice.buyer_country),
            (_("Registration number"), invoice.buyer_number),
            (_("Issued"), date_format(invoice.issued_at, "DATE_FORMAT")),
            (_("Month"), date_format(invoice.month, "YEAR_MONTH_FORMAT") + ", UTC"),
            (_("Currency"), invoice.asset.code),
        ]
    )
    yield Spacer(0, 6 * mm)
    yield _table(invoice)
    yield Spacer(0, 4 * mm)
    yield paragraph(invoice.tax_reason or _("The fees were taken with tax."), SMALL)
    yield paragraph(_("It is paid: fees are taken when they arise."), SMALL)


def _table(invoice: Invoice) -> Table:
    heads = ("", _("Market"), _("Count"), _("Amount"))
    rows = [[paragraph(name, SMALL) for name in heads]]
    for line in lines_of(invoice):
        what = " · ".join(filter(None, (line.get_kind_display(), line.account_name)))
        said = (what, line.market, str(line.count))
        rows.append([*map(paragraph, said), _money(line.amount)])
    tax = _("Tax %(rate)s") % {"rate": bps(invoice.tax_bps)}
    sums = ((_("Net"), invoice.net), (tax, invoice.tax), (_("Total"), invoice.total))
    for name, amount in sums:
        row = [paragraph(name), paragraph(""), paragraph("")]
        rows.append([*row, _money(amount)])
    line_below = ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)
    widths = [WIDTH - 115 * mm, 45 * mm, 30 * mm, 40 * mm]
    return table_make(rows, widths, [line_below], header_rows=1)


def _money(amount: int) -> Flowable:
    return paragraph(grouped_text(amount, decimals_min=2), NUMBER)
