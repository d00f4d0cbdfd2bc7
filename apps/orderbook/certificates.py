"""A bulk order's certificate on paper, and where it stands for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

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
from apps.orderbook.models import BulkCertificate
from apps.orderbook.selectors.bulk_certificates import CertificateSums, retirements_on, sums_of

# An order may have many thousands: a paper that long is read by nobody and takes minutes to make.
LISTED_MAX: Final = 200


def bulk_certificate_address(certificate: BulkCertificate) -> str:
    """The certificate's permanent address."""
    return settings.BASE_URL + reverse("bulk_certificate", args=[certificate.public_id])


def bulk_certificate_pdf(certificate: BulkCertificate) -> bytes:
    """The certificate as a PDF in the active language. The same facts give the same bytes."""
    title = _("Certificate of retirement %(number)s") % {"number": certificate.number}
    return document_make(title, _content(certificate, sums_of(certificate)))


def _content(certificate: BulkCertificate, sums: CertificateSums) -> Iterator[Flowable]:
    yield paragraph(certificate.number, SMALL)
    yield paragraph(_("Certificate of retirement"), KIND)
    yield paragraph(f"{mass_text(certificate.grams)} CO₂e", AMOUNT, font=BOLD)
    if certificate.beneficiary:
        yield paragraph(_("retired for good on behalf of"), CENTRED)
        yield paragraph(certificate.beneficiary, BENEFICIARY, font=BOLD)
    else:
        count = {"count": sums.beneficiaries}
        words = ngettext(
            "retired for good by one order, for %(count)s beneficiary",
            "retired for good by one order, for %(count)s beneficiaries",
            sums.beneficiaries,
        )
        yield paragraph(words % count, CENTRED)
        yield paragraph(str(certificate.execution.order.owner), BENEFICIARY, font=BOLD)
    yield Spacer(0, 6 * mm)
    first, last = (date_format(at, "DATE_FORMAT") for at in (sums.first_at, sums.last_at))
    yield facts_table(
        [
            (_("Retired"), first if first == last else f"{first} – {last}"),
            (_("Retirements"), str(sums.retirements)),
        ]
    )
    yield paragraph(_("Credits"), HEADING, font=BOLD)
    yield _classes(sums)
    yield paragraph(_("Retirements"), HEADING, font=BOLD)
    yield _retirements(certificate)
    if (more := sums.retirements - LISTED_MAX) > 0:
        words = ngettext(
            "One more is listed at the address below.",
            "%(count)s more are listed at the address below.",
            more,
        )
        yield paragraph(words % {"count": more}, SMALL)
    yield Spacer(0, 8 * mm)
    yield verification_table(bulk_certificate_address(certificate))


def _classes(sums: CertificateSums) -> Table:
    rows = []
    for item in sums.classes:
        project = item.credit_class.project
        described = f"{project.registry.name} {project.registry_project_id}"
        name = [paragraph(project.name), paragraph(described, SMALL)]
        rows.append([name, str(item.credit_class.year), mass_text(item.grams)])
    header = [_("Project"), _("Vintage"), _("Amount")]
    return _listed(header, rows, [WIDTH - 70 * mm, 30 * mm, 40 * mm])


def _retirements(certificate: BulkCertificate) -> Table:
    rows = [
        [found.number, found.credit_class.code, mass_text(found.amount_grams)]
        for found in retirements_on(certificate)[:LISTED_MAX]
    ]
    header = [_("Certificate number"), _("Credits"), _("Amount")]
    return _listed(header, rows, [WIDTH - 100 * mm, 60 * mm, 40 * mm])


def _listed(header: list[str], rows: list[list[Any]], widths: list[float]) -> Table:
    cells: list[list[Any]] = [[paragraph(name, SMALL) for name in header]]
    cells += [[cell if isinstance(cell, list) else paragraph(cell) for cell in row] for row in rows]
    line = ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)
    return table_make(cells, widths, [line], header_rows=1)
