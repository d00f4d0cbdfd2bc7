"""An account's statement over a month on paper."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

from apps.accounts.ledger.models import Owner
from apps.accounts.paper.sheet import (
    BODY,
    HEADING,
    LINE,
    SMALL,
    WIDTH,
    document_make,
    facts_table,
    paragraph,
    table_make,
)
from apps.accounts.paper.typesetting import BOLD
from apps.accounts.statements import AssetStatement, Month, statement_of
from apps.accounts.units import grouped_text

TITLE = ParagraphStyle("title", BODY, fontSize=18, leading=25)
NUMBER = ParagraphStyle("number", BODY, alignment=TA_RIGHT)


def statement_pdf(owner: Owner, month: Month, *, whole: bool = False) -> bytes:
    """The statement as a PDF in the active language. The same month gives the same bytes."""
    title = _("Statement %(month)s") % {"month": month.name}
    return document_make(title, _content(owner, month, whole))


def _content(owner: Owner, month: Month, whole: bool) -> Iterator[Flowable]:
    yield paragraph(_("Statement of account"), TITLE, font=BOLD)
    yield Spacer(0, 4 * mm)
    yield facts_table(
        [
            (_("Account"), _("%(name)s, all accounts") % {"name": owner} if whole else str(owner)),
            (_("Month"), date_format(month.start, "YEAR_MONTH_FORMAT") + ", UTC"),
            (_("State"), "" if month.is_final else _("So far: the month is not over.")),
        ]
    )
    found = statement_of(owner, month, whole=whole)
    for item in found:
        yield paragraph(item.asset.code, HEADING, font=BOLD)
        yield paragraph(item.asset.name, SMALL)
        yield _table(item)
    if not found:
        yield paragraph(_("There was nothing, and nothing moved."))


def _table(item: AssetStatement) -> Table:
    rows = [[paragraph(name, SMALL) for name in ("", _("In"), _("Out"), _("Balance"))]]
    rows.append(_row(_("Opening"), balance=item.opening))
    rows += [_row(str(moved.kind.label), moved.came, moved.went) for moved in item.moved]
    rows.append(_row(_("Closing"), balance=item.closing))
    line = ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)
    return table_make(rows, [WIDTH - 105 * mm, *[35 * mm] * 3], [line], header_rows=1)


def _row(name: str, *moved: int, balance: int | None = None) -> list[Flowable]:
    numbers = [*(amount or None for amount in moved), *[None] * (2 - len(moved)), balance]
    texts = ["" if number is None else grouped_text(number) for number in numbers]
    return [paragraph(name), *(paragraph(text, NUMBER) for text in texts)]
