"""The public certificate of a retirement."""

from __future__ import annotations

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.registry.models import Retirement
from apps.registry.selectors import certificate_lines, retirement_by_number


@require_safe
def certificate(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate at its permanent address."""
    found = _retirement(number)
    if number != found.number:
        return redirect("certificate", found.number, permanent=True)
    address = certificate_address(found)
    context = {
        "retirement": found,
        "lines": certificate_lines(found),
        "address": address,
        "qr": segno.make(address, error="m").svg_data_uri(border=0, dark="#111"),
    }
    return render(request, "registry/certificate.html", context)


def certificate_address(retirement: Retirement) -> str:
    """The certificate's permanent address, as its QR code and its PDF have it."""
    return settings.BASE_URL + reverse("certificate", args=[retirement.number])


def _retirement(number: str) -> Retirement:
    found = retirement_by_number(number.strip().upper())
    if found is None:
        raise Http404(number)
    return found
