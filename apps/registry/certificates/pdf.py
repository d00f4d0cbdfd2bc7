"""The certificate as a PDF: one page of A4, more where many serials are cited.

The same retirement in the same state gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from apps.accounts.paper.sheet import (
    AMOUNT,
    BENEFICIARY,
    CENTRED,
    HEADING,
    KIND,
    LINE,
    SMALL,
    WIDTH,
    document_make,
    facts_table,
    paragraph,
    table_make,
    verification_table,
)
from apps.accounts.paper.typesetting import BOLD
from apps.accounts.units import mass_text
from apps.registry.certificates.address import certificate_address
from apps.registry.certificates.standing import at_registry_text
from apps.registry.certifying import (
    CertificateLine,
    certificate_labels,
    certificate_lines,
    corrected_at,
)
from apps.registry.models import Retirement
from apps.registry.picture import type_of
from apps.registry.wording import grouped


def certificate_pdf(retirement: Retirement) -> bytes:
    """The PDF of a retirement's certificate, in the active language."""
    title = _("Certificate of retirement %(number)s") % {"number": retirement.number}
    return document_make(title, _content(retirement))


def _content(retirement: Retirement) -> Iterator[Flowable]:
    yield paragraph(retirement.number, SMALL)
    yield paragraph(_("Certificate of retirement"), KIND)
    yield paragraph(f"{mass_text(retirement.amount_grams)} CO₂e", AMOUNT, font=BOLD)
    yield paragraph(_("retired for good on behalf of"), CENTRED)
    yield paragraph(retirement.beneficiary, BENEFICIARY, font=BOLD)
    if at := corrected_at(retirement):
        day = {"date": date_format(at, "DATE_FORMAT")}
        yield paragraph(_("Beneficiary corrected on %(date)s") % day, CENTRED)
    if retirement.message:
        yield paragraph(f"“{retirement.message}”", CENTRED)
    yield Spacer(0, 6 * mm)
    yield _facts(retirement)
    yield paragraph(_("Serial numbers"), HEADING, font=BOLD)
    yield _serials(certificate_lines(retirement))
    yield Spacer(0, 8 * mm)
    yield verification_table(certificate_address(retirement))


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
    return facts_table(rows)


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
    rows: list[list[Any]] = [[paragraph(name, SMALL) for name in header]]
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
    return table_make(rows, [WIDTH / 4] * 4, style, header_rows=1)


def _citation(line: CertificateLine) -> list[Paragraph]:
    """The serial, its block, and how full the tonnes are that others share."""
    notes = [_("of the block %(serial)s") % {"serial": line.citation.block.serial}]
    notes += [
        _("Tonne %(serial)s is %(percent)s%% retired, together with other retirements.")
        % {"serial": tonne.serial, "percent": tonne.percent}
        for tonne in line.shared
    ]
    notes += [at_registry_text(run) for run in line.at_registry]
    return [paragraph(line.citation.serial), *(paragraph(note, SMALL) for note in notes)]


def _numbers(line: CertificateLine) -> list[Paragraph]:
    citation = line.citation
    grams = f"{citation.gram_from:,} – {citation.gram_to:,}"
    numbers = (
        str(citation.first),
        str(citation.last),
        _("whole tonnes") if citation.is_whole else grams,
        mass_text(citation.grams),
    )
    return [paragraph(number) for number in numbers]
