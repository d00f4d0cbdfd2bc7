"""Mails that belong to a row, which says what of it was mailed: `mailed_at`, or `told`.

The row is marked first, so that two sweeps send a mail once. When the mail server is away, the row
becomes as it was, for the next sweep; a mail that was lost otherwise is sent by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db.models import Model
from django.forms import ValidationError
from django.utils import timezone

from apps.accounts.models import User

ADDRESS_CHARS_MAX: Final = 254


def is_address(text: str) -> bool:
    """Whether a mail can be addressed so, and a row keep it."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= ADDRESS_CHARS_MAX


def mail_once(row: Model, *, to: str, subject: str, text: str) -> None:
    """Sends the one mail of this row, unless that was done."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    if not rows.filter(mailed_at=None).update(mailed_at=timezone.now()):
        return
    try:
        send_mail(subject, text, None, [to])
    except OSError:
        rows.update(mailed_at=None)


def mail_news(
    row: Model, *, told: str, news: str, to: Iterable[User], subject: str, text: str
) -> None:
    """Sends everybody the news of this row, whose `told` stands at older ones."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    if not rows.filter(told=told).update(told=news):
        return
    # A name in a subject is somebody's own text: a line break in it would begin another header.
    line = " ".join(subject.split())
    try:
        for person in to:
            send_mail(line, text, None, [person.email])
    except OSError:
        rows.filter(told=news).update(told=told)
