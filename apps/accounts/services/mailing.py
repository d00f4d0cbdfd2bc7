"""Mails that belong to a row with a `mailed_at`."""

from __future__ import annotations

from typing import Final

from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db.models import Model
from django.forms import ValidationError
from django.utils import timezone

ADDRESS_CHARS_MAX: Final = 254


def is_address(text: str) -> bool:
    """Whether a mail can be addressed so, and a row keep it."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= ADDRESS_CHARS_MAX


def mail_once(row: Model, *, to: str, subject: str, text: str) -> None:
    """Sends the mail of this row, unless that was done. When the mail server is away, the row
    stays as it was, for the next sweep."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    # Marked first, so that two sweeps send it once; a mail that was lost is sent by hand.
    if not rows.filter(mailed_at=None).update(mailed_at=timezone.now()):
        return
    try:
        send_mail(subject, text, None, [to])
    except OSError:
        rows.update(mailed_at=None)
