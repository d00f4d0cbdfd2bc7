"""Delivers what is due, at least once, with ever longer pauses between attempts.

A worker claims messages by moving their next attempt into the future: whoever dies with a claim
loses it. At most one message of an endpoint is under way per worker, so that a slow receiver
holds up nobody else for long.

    webhook-id          msg_..., the same in every attempt
    webhook-timestamp   seconds since 1970
    webhook-signature   v1,base64(HMAC-SHA256(secret, id.timestamp.body)), one per secret

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook

from apps.accounts.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from apps.accounts.webhooks.endpoints import secrets_of
from apps.accounts.webhooks.sending import Outcome, post

ABREAST_MAX: Final = 16
CLAIM: Final = timedelta(seconds=60)
# After the first attempt, the second, ...; then it is given up. Up to a fifth longer each.
PAUSES_S: Final = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

# The oldest that is due of each endpoint, unless another worker holds it.
_CLAIM: Final = """
UPDATE accounts_webhookmessage SET next_attempt_at = %(until)s
WHERE id IN (
    SELECT due.id FROM accounts_webhookendpoint endpoint CROSS JOIN LATERAL (
        SELECT id FROM accounts_webhookmessage
        WHERE endpoint_id = endpoint.id AND state = 'pending' AND next_attempt_at <= %(now)s
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) due
    WHERE endpoint.disabled_at IS NULL
    ORDER BY due.id LIMIT %(limit)s
)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: everything that a thread without a database needs."""

    message_id: int
    url: str
    body: bytes
    headers: dict[str, str]


def webhooks_deliver(*, time_s: float = 30.0) -> int:
    """Sends what is due, for about so long, and says how many attempts it made."""
    made, until_s = 0, time.monotonic() + time_s
    with ThreadPoolExecutor(ABREAST_MAX, thread_name_prefix="webhook") as pool:
        while time.monotonic() < until_s:
            letters = [_letter(message) for message in _claim()]
            if not letters:
                break
            outcomes = pool.map(
                lambda letter: post(letter.url, letter.body, letter.headers), letters
            )
            for letter, outcome in zip(letters, outcomes, strict=True):
                attempt_record(message_id=letter.message_id, outcome=outcome)
            made += len(letters)
    return made


def attempt_record(*, message_id: int, outcome: Outcome) -> None:
    """Notes how an attempt went, and when the next one is due, if any."""
    with transaction.atomic():
        message = WebhookMessage.objects.select_for_update().get(pk=message_id)
        attempt = WebhookAttempt.objects.create(
            message=message,
            status=outcome.status,
            error=outcome.error,
            duration_ms=outcome.duration_ms,
        )
        message.attempts_made += 1
        if attempt.is_success:
            message.state = WebhookMessage.State.DELIVERED
        elif message.attempts_made > len(PAUSES_S):
            message.state = WebhookMessage.State.DEAD
        else:
            message.next_attempt_at = timezone.now() + pause(message.attempts_made)
        message.save(update_fields=["attempts_made", "state", "next_attempt_at"])


def pause(attempts_made: int) -> timedelta:
    """Until the next attempt, with some chance in it: receivers that were down are not stormed."""
    base_s = PAUSES_S[attempts_made - 1]
    return timedelta(seconds=base_s + random.uniform(0, base_s / 5))  # noqa: S311 - no secret


def webhook_message_replay(*, message: WebhookMessage) -> None:
    """Sends it again from the start, under the same id, whatever became of it."""
    WebhookMessage.objects.filter(pk=message.pk).update(
        state=WebhookMessage.State.PENDING, attempts_made=0, next_attempt_at=timezone.now()
    )


def _claim() -> list[WebhookMessage]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM, "limit": ABREAST_MAX})
        ids = [pk for (pk,) in cursor.fetchall()]
    found = WebhookMessage.objects.filter(pk__in=ids).select_related("endpoint")
    return list(found.order_by("pk"))


def _letter(message: WebhookMessage) -> Letter:
    endpoint: WebhookEndpoint = message.endpoint
    body = json.dumps(
        {
            "type": message.event,
            "timestamp": message.created_at.astimezone(UTC).isoformat(),
            "data": message.data,
        },
        separators=(",", ":"),
    )
    now = datetime.now(UTC)
    signatures = [Webhook(secret).sign(str(message), now, body) for secret in secrets_of(endpoint)]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "ccmarket-webhooks",
        "webhook-id": str(message),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return Letter(message.pk, endpoint.url, body.encode(), headers)
