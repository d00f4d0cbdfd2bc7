"""Endpoints: made, given another secret, ended."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.crypto import decrypt, encrypt
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import User, WebhookEndpoint, WebhookEvent

SECRET_SIZE_BYTES: Final = 32
ENDPOINTS_PER_OWNER_MAX: Final = 10
# How long the secret before a rotation signs as well.
ROTATION: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """An endpoint with what is shown only now."""

    endpoint: WebhookEndpoint
    secret: str


def webhook_create(*, owner: Owner, user: User, url: str, events: Iterable[str]) -> NewWebhook:
    """An endpoint that hears of `events` from now on.

    The caller has asked `url_check`, outside of any transaction. Raises ServiceError for unknown or
    no events, Conflict `too_many_webhooks`.
    """
    wanted = frozenset(events)
    if not wanted or not wanted <= frozenset(WebhookEvent.values):
        raise ServiceError(
            _("Choose at least one event: %(events)s.")
            % {"events": ", ".join(WebhookEvent.values)},
            field="events",
        )
    if owner.webhooks.filter(disabled_at__isnull=True).count() >= ENDPOINTS_PER_OWNER_MAX:
        raise Conflict(_("There are too many webhooks. End one first."), code="too_many_webhooks")
    secret = _secret_new()
    endpoint = WebhookEndpoint.objects.create(
        owner=owner,
        user=user,
        url=url,
        events=sorted(wanted),
        secret_encrypted=encrypt(secret.encode()),
    )
    return NewWebhook(endpoint, secret)


def webhook_rotate(*, endpoint: WebhookEndpoint) -> NewWebhook:
    """Another secret from now on; for a day the one before signs as well."""
    secret = _secret_new()
    with transaction.atomic():
        locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        locked.previous_encrypted = bytes(locked.secret_encrypted)
        locked.previous_until = timezone.now() + ROTATION
        locked.secret_encrypted = encrypt(secret.encode())
        locked.save(update_fields=["previous_encrypted", "previous_until", "secret_encrypted"])
    return NewWebhook(locked, secret)


def webhook_end(*, endpoint: WebhookEndpoint) -> None:
    """Nothing is sent there any more. Repeating it changes nothing."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True).update(
        disabled_at=timezone.now()
    )


def secrets_of(endpoint: WebhookEndpoint) -> list[str]:
    """What signs now, newest first."""
    boxes = [endpoint.secret_encrypted]
    until = endpoint.previous_until
    if endpoint.previous_encrypted is not None and until is not None and until > timezone.now():
        boxes.append(endpoint.previous_encrypted)
    return [decrypt(box).decode() for box in boxes]


def _secret_new() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_SIZE_BYTES)).decode()
