"""Where a certificate stands for ever, and the QR code that leads there."""

from __future__ import annotations

import segno
from django.conf import settings
from django.urls import reverse

from apps.registry.models import Retirement


def certificate_address(retirement: Retirement) -> str:
    """The certificate's permanent address, as its QR code and its PDF have it."""
    return f"{settings.BASE_URL}{reverse('certificate', args=[retirement.number])}"


def certificate_qr_svg(retirement: Retirement) -> str:
    """The QR code of the address as an SVG data URI."""
    return qr_svg_of(certificate_address(retirement))


def qr_of(address: str) -> segno.QRCode:
    """The QR code of an address; a sixth of it may be dirty (ISO/IEC 18004, level M)."""
    return segno.make_qr(address, error="m")


def qr_svg_of(address: str) -> str:
    """The same as an SVG data URI, dark on nothing: it wants a light ground."""
    uri: str = qr_of(address).svg_data_uri(border=0, dark="#14261c")
    return uri
