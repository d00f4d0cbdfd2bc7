"""Where a certificate stands for ever, and the QR code that leads there."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from apps.accounts.paper.sheet import qr_svg_of
from apps.registry.models import Retirement


def certificate_address(retirement: Retirement) -> str:
    """The certificate's permanent address, as its QR code and its PDF have it."""
    return f"{settings.BASE_URL}{reverse('certificate', args=[retirement.number])}"


def certificate_qr_svg(retirement: Retirement) -> str:
    """The QR code of the address as an SVG data URI."""
    return qr_svg_of(certificate_address(retirement))
