"""The certificates of bulk orders: an order's for its members, each at its permanent address."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.paper.sheet import qr_svg_of
from apps.orderbook.certificates import bulk_certificate_address, bulk_certificate_pdf
from apps.orderbook.models import BulkCertificate
from apps.orderbook.selectors.bulk_certificates import (
    bulk_certificate,
    certificates_of,
    retirements_on,
    sums_of,
)
from apps.orderbook.views.bulk_asked import order_asked

PER_PAGE = 50


@require_safe
@login_required
@never_cache
def certificates(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The order's certificates: of the whole, and of each beneficiary."""
    order = order_asked(request, public_id)
    page = Paginator(certificates_of(order), PER_PAGE).get_page(request.GET.get("page"))
    context = {"order": order, "page": page}
    return render(request, "orderbook/bulk_certificates.html", context)


@require_safe
def certificate(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What an order retired for one beneficiary, or at all, to whoever has the address."""
    found = _certificate(public_id)
    page = Paginator(retirements_on(found), PER_PAGE).get_page(request.GET.get("page"))
    address = bulk_certificate_address(found)
    context = {
        "certificate": found,
        "sums": sums_of(found),
        "page": page,
        "address": address,
        "qr": qr_svg_of(address),
    }
    return render(request, "orderbook/bulk_certificate.html", context)


@require_safe
def pdf(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The same on paper, in the reader's language."""
    found = _certificate(public_id)
    response = HttpResponse(bulk_certificate_pdf(found), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return response


def _certificate(public_id: uuid.UUID) -> BulkCertificate:
    found = bulk_certificate(public_id)
    if found is None:
        raise Http404(public_id)
    return found
