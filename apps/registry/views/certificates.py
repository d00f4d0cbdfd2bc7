"""The public certificate of a retirement."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.registry.certificates import (
    certificate_address,
    certificate_pdf,
    certificate_qr_svg,
)
from apps.registry.certifying import certificate_labels, certificate_lines, corrected_at
from apps.registry.models import Retirement
from apps.registry.selectors import retirement_by_number
from apps.registry.wording import grouped


@require_safe
def certificate(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate at its permanent address."""
    found = _retirement(number)
    if number != found.number:
        return redirect("certificate", found.number, permanent=True)
    context = {
        "retirement": found,
        "lines": certificate_lines(found),
        "label_groups": grouped(certificate_labels(found)),
        "corrected_at": corrected_at(found),
        "address": certificate_address(found),
        "qr": certificate_qr_svg(found),
    }
    return render(request, "registry/certificate.html", context)


@require_safe
def pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The same on paper, in the reader's language."""
    found = _retirement(number)
    response = HttpResponse(certificate_pdf(found), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return response


def _retirement(number: str) -> Retirement:
    found = retirement_by_number(number.strip().upper())
    if found is None:
        raise Http404(number)
    return found
