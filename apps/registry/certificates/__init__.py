"""What a retirement gives to whoever paid for it: a page, a QR code that leads there, a PDF."""

from apps.registry.certificates.address import certificate_address, certificate_qr_svg
from apps.registry.certificates.pdf import certificate_pdf

__all__ = ["certificate_address", "certificate_pdf", "certificate_qr_svg"]
