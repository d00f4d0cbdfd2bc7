"""The certificate as a PDF: one page of A4, more where many serials are cited.

The same retirement in the same state gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import segno
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from apps.accounts.units import mass_text
from apps.registry.certificates.address import certificate_address, certificate_qr
from apps.registry.certificates.standing import at_registry_text
from apps.registry.certificates.typesetting import BOLD, REGULAR, typeset
from apps.registry.certifying import (
    CertificateLine,
    certificate_labels,
    certificate_lines,
    corrected_at,
)
from apps.registry.models import Retirement
from apps.registry.picture import type_of
from apps.registry.wording import grouped

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


def certificate_pdf(retirement: Retirement) -> bytes:
    """The PDF of a retirement's certificate, in the active language."""
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=_("Certificate of retirement %(number)s") % {"number": retirement.number},
        author="ccmarket",
        # No time of making and no random name inside: the same facts, the same bytes.
        invariant=1,
    )
    document.build(list(_content(retirement)))
    return buffer.getvalue()


def _content(retirement: Retirement) -> Iterator[Flowable]:
    yield _text(retirement.number, SMALL)
    yield _text(_("Certificate of retirement"), KIND)
    yield _text(f"{mass_text(retirement.amount_grams)} CO₂e", AMOUNT, font=BOLD)
    yield _text(_("retired for good on behalf of"), CENTRED)
    yield _text(retirement.beneficiary, BENEFICIARY, font=BOLD)
    if at := corrected_at(retirement):
        day = {"date": date_format(at, "DATE_FORMAT")}
        yield _text(_("Beneficiary corrected on %(date)s") % day, CENTRED)
    if retirement.message:
        yield _text(f"“{retirement.message}”", CENTRED)
    yield Spacer(0, 6 * mm)
    yield _facts(retirement)
    yield _text(_("Serial numbers"), HEADING, font=BOLD)
    yield _serials(certificate_lines(retirement))
    yield Spacer(0, 8 * mm)
    yield _verification(retirement)


def _facts(retirement: Retirement) -> Table:
    credit_class = retirement.credit_class
    project = credit_class.project
    kind = project.kind or str(type_of(project) or "")
    described = [project.registry.name, project.registry_project_id, project.country.name, kind]
    rows = [
        (_("Retired"), date_format(retirement.created_at, "DATETIME_FORMAT") + " UTC"),
        (_("Project"), project.name),
        (_("Described as"), " · ".join(part for part in described if part)),
        (_("Methodology"), "; ".join(project.methodologies)),
        (_("Vintage"), str(credit_class.year)),
        (_("Labels when retired"), _labels(retirement)),
        (_("For emissions of"), _period(retirement)),
        (_("Registry"), _confirmation(retirement)),
    ]
    cells = [[_text(name, SMALL), _text(value)] for name, value in rows if value]
    line = ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)
    return _table(cells, [38 * mm, WIDTH - 38 * mm], [line])


def _labels(retirement: Retirement) -> str:
    groups = grouped(certificate_labels(retirement))
    return "; ".join(line for group in groups for line in group.lines)


def _period(retirement: Retirement) -> str:
    start, end = retirement.period_start, retirement.period_end
    if not (start or end):
        return ""
    return " – ".join(date_format(day, "DATE_FORMAT") if day else "" for day in (start, end))


def _confirmation(retirement: Retirement) -> str:
    if retirement.registry_confirmed_at is None:
        return _("Not all of it is confirmed yet: see each serial number.")
    return _("Confirmed on %(date)s: %(reference)s") % {
        "date": date_format(retirement.registry_confirmed_at, "DATE_FORMAT"),
        "reference": retirement.registry_reference,
    }


def _serials(lines: list[CertificateLine]) -> Table:
    header = [_("First serial"), _("Last serial"), _("Grams"), _("Amount")]
    rows: list[list[Any]] = [[_text(name, SMALL) for name in header]]
    style: list[tuple[Any, ...]] = [("LINEBELOW", (0, 0), (-1, 0), 0.4, LINE)]
    for line in lines:
        first = len(rows)
        rows += [[_citation(line), "", "", ""], _numbers(line)]
        style += [
            ("SPAN", (0, first), (-1, first)),
            ("BOTTOMPADDING", (0, first), (-1, first), 0),
            ("LINEBELOW", (0, first + 1), (-1, first + 1), 0.4, LINE),
            ("NOSPLIT", (0, first), (-1, first + 1)),
        ]
    return _table(rows, [WIDTH / 4] * 4, style, header_rows=1)


def _citation(line: CertificateLine) -> list[Paragraph]:
    """The serial, its block, and how full the tonnes are that others share."""
    notes = [_("of the block %(serial)s") % {"serial": line.citation.block.serial}]
    notes += [
        _("Tonne %(serial)s is %(percent)s%% retired, together with other retirements.")
        % {"serial": tonne.serial, "percent": tonne.percent}
        for tonne in line.shared
    ]
    notes += [at_registry_text(run) for run in line.at_registry]
    return [_text(line.citation.serial), *(_text(note, SMALL) for note in notes)]


def _numbers(line: CertificateLine) -> list[Paragraph]:
    citation = line.citation
    grams = f"{citation.gram_from:,} – {citation.gram_to:,}"
    numbers = (
        str(citation.first),
        str(citation.last),
        _("whole tonnes") if citation.is_whole else grams,
        mass_text(citation.grams),
    )
    return [_text(number) for number in numbers]


def _verification(retirement: Retirement) -> Table:
    words = [
        _text(_("Anyone can check this certificate at its permanent address:"), SMALL),
        _text(certificate_address(retirement)),
    ]
    code = _QrCode(certificate_qr(retirement))
    widths = [QR_SIZE + 6 * mm, WIDTH - QR_SIZE - 6 * mm]
    return _table([[code, words]], widths, [("VALIGN", (0, 0), (-1, -1), "MIDDLE")])


def _table(
    rows: list[list[Any]],
    widths: list[float],
    style: Iterable[tuple[Any, ...]],
    *,
    header_rows: int = 0,
) -> Table:
    table = Table(rows, widths, repeatRows=header_rows)
    common = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)]
    table.setStyle(TableStyle([*common, *style]))
    return table


def _text(text: str, style: ParagraphStyle = BODY, *, font: str = REGULAR) -> Paragraph:
    return Paragraph(typeset(text, font=font), style)


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
