"""Documents that people bring: which are taken, told by their first bytes and never by a name."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils.translation import gettext as _

MEGABYTE: Final = 1_000_000
# First bytes, ending, and media type. https://www.iana.org/assignments/media-types
KINDS: Final = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
)
MEDIA_TYPES: Final = {ending: media_type for _magic, ending, media_type in KINDS}


def document_ending(file: File[bytes]) -> str | None:
    """`pdf`, `png` or `jpg` by the first bytes; None for anything else."""
    position = file.tell()
    file.seek(0)
    head = file.read(16)
    file.seek(position)
    return next((ending for magic, ending, _type in KINDS if head.startswith(magic)), None)


def document_check(file: File[bytes]) -> None:
    """Raises ValidationError for what is too large, empty, or neither PDF nor picture."""
    if getattr(file, "_committed", False):
        return
    limit = settings.DOCUMENT_SIZE_MAX_MB
    if file.size > limit * MEGABYTE:
        raise ValidationError(
            _("This file is larger than %(limit)s MB. Attach a smaller one.") % {"limit": limit},
            code="document_too_large",
        )
    if document_ending(file) is None:
        raise ValidationError(
            _("This is neither a PDF nor a PNG or JPEG picture. Attach one of these."),
            code="document_type",
        )
