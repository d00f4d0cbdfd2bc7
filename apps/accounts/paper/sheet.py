"""The paper that certificates and statements are on: A4, its type, its tables, QR codes.

The same facts give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import segno
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from apps.accounts.paper.typesetting import REGULAR, typeset

INK, QUIET, LINE = HexColor("#14261c"), HexColor("#5b6b62"), HexColor("#d5ddd8")
MARGIN = 20 * mm
FRAME_PADDING = 6  # what SimpleDocTemplate puts around its content, in points
WIDTH = A4[0] - 2 * MARGIN
QR_SIZE = 26 * mm

BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9.5, leading=14, textColor=INK)
SMALL = ParagraphStyle("small", BODY, fontSize=8, leading=11, textColor=QUIET)
CENTRED = ParagraphStyle("centred", BODY, alignment=TA_CENTER, textColor=QUIET)
KIND = ParagraphStyle("kind", CENTRED, fontSize=11, leading=16, spaceBefore=10 * mm)
AMOUNT = ParagraphStyle("amount", CENTRED, fontSize=30, leading=40, textColor=INK)
BENEFICIARY = ParagraphStyle("beneficiary", CENTRED, fontSize=18, leading=25, textColor=INK)
HEADING = ParagraphStyle("heading", BODY, fontSize=11, leading=16, spaceBefore=6 * mm)


def document_make(title: str, content: Iterable[Flowable]) -> bytes:
    """The content as a PDF, over as many pages as it takes."""
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author="ccmarket",
        # No time of making and no random name inside: the same facts, the same bytes.
        invariant=1,
    )
    document.build(list(content))
    return buffer.getvalue()


def paragraph(text: str, style: ParagraphStyle = BODY, *, font: str = REGULAR) -> Paragraph:
    """Any text, in fonts that have its characters."""
    return Paragraph(typeset(text, font=font), style)


def table_make(
    rows: list[list[Any]],
    widths: list[float],
    style: Iterable[tuple[Any, ...]],
    *,
    header_rows: int = 0,
) -> Table:
    """A table that begins at the left edge; its header is on every page."""
    table = Table(rows, widths, repeatRows=header_rows)
    common = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)]
    table.setStyle(TableStyle([*common, *style]))
    return table


def facts_table(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and what they are, without those that are nothing."""
    cells = [[paragraph(name, SMALL), paragraph(value)] for name, value in rows if value]
    line = ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)
    return table_make(cells, [38 * mm, WIDTH - 38 * mm], [line])


def verification_table(address: str) -> Table:
    """Where the certificate stands for ever, and a code that leads there."""
    words = [
        paragraph(_("Anyone can check this certificate at its permanent address:"), SMALL),
        paragraph(address),
    ]
    widths = [QR_SIZE + 6 * mm, WIDTH - QR_SIZE - 6 * mm]
    middle = [("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    return table_make([[_QrCode(qr_of(address)), words]], widths, middle)


def qr_of(address: str) -> segno.QRCode:
    """The QR code of an address; a sixth of it may be dirty (ISO/IEC 18004, level M)."""
    return segno.make_qr(address, error="m")


def qr_svg_of(address: str) -> str:
    """The same as an SVG data URI, dark on nothing: it wants a light ground."""
    uri: str = qr_of(address).svg_data_uri(border=0, dark="#14261c")
    return uri


class _QrCode(Flowable):
    """A QR code as black squares, sharp at any size."""

    def __init__(self, code: segno.QRCode) -> None:
        super().__init__()
        self.width = self.height = QR_SIZE
        self._modules = tuple(code.matrix)

    def draw(self) -> None:
        size = QR_SIZE / len(self._modules)
        path = self.canv.beginPath()
        for row, modules in enumerate(self._modules):
            for column, is_dark in enumerate(modules):
                if is_dark:
                    path.rect(column * size, QR_SIZE - (row + 1) * size, size, size)
        self.canv.setFillColor(INK)
        self.canv.drawPath(path, stroke=0, fill=1)
