"""`Idempotency-Key`: a request that is repeated, because its answer got lost, is done once.

The answer is stored in the transaction of what the request did, so that there is never one without
the other. Repeating the request answers with what is stored, and with the header
`Idempotent-Replayed: true`. Another request under a used key is refused with 422, one whose first
is still under way with 409. An error is not stored: nothing was done, and the key is free.

Keys are an account's own and are kept for settings.IDEMPOTENCY_KEEP_S.
Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from apps.accounts.acting import acting
from apps.accounts.crypto import decrypt, encrypt
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import IdempotentAnswer

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
KEY_CHARS_MAX: Final = 120

IDEMPOTENCY_KEY: Final = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Your own name for this request, up to 120 characters. Sending the same request "
    "again with it returns the first answer; nothing is done twice.",
)

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """A view's method that may be repeated with a key. Without one it is carried out as it is.

    The method runs inside a transaction: it does no external I/O, and waits for nothing.
    """

    @wraps(handler)
    def handle(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = key_of(request)
        if key is None:
            return handler(view, request, *args, **kwargs)
        owner, fingerprint = acting(request).owner, _fingerprint(request)
        with transaction.atomic():
            _lock(owner, key)
            if found := _answer_of(owner, key):
                return _replay(found, fingerprint)
            response = handler(view, request, *args, **kwargs)
            _store(owner, key, fingerprint, response)
        return response

    return handle


def replay_tell(remembered: Response, response: Response) -> Response:
    """For a view that waits: `remembered` is what was done, `response` what came of it."""
    if REPLAYED in remembered:
        response[REPLAYED] = remembered[REPLAYED]
    return response


def key_of(request: Request) -> str | None:
    """The request's key, or None. Raises ServiceError for one that cannot be kept."""
    if HEADER not in request.headers:
        return None
    # The draft writes it as a quoted string, most clients without quotes: both mean the same.
    key = request.headers[HEADER].strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not (0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()):
        raise ServiceError(
            _("An Idempotency-Key is 1 to 120 plain characters."),
            code="idempotency_key_invalid",
            field=HEADER,
        )
    return key


def answers_forget() -> int:
    """Deletes answers that were kept long enough, and says how many."""
    until = timezone.now() - timedelta(seconds=settings.IDEMPOTENCY_KEEP_S)
    deleted, _by_model = IdempotentAnswer.objects.filter(created_at__lt=until).delete()
    return deleted


def _fingerprint(request: Request) -> bytes:
    """What makes two requests the same: the method, the address and what the body says."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).digest()


def _lock(owner: Owner, key: str) -> None:
    """Until the transaction ends. Whoever is second learns so at once instead of waiting."""
    digest = hashlib.sha256(f"idempotency {owner.pk} {key}".encode()).digest()
    with connection.cursor() as cursor:
        number = int.from_bytes(digest[:8], "big", signed=True)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        (is_ours,) = cursor.fetchone() or (False,)
    if not is_ours:
        raise Conflict(
            _("The first request with this Idempotency-Key is still under way. Repeat it soon."),
            code="idempotency_in_flight",
            field=HEADER,
        )


def _answer_of(owner: Owner, key: str) -> IdempotentAnswer | None:
    return IdempotentAnswer.objects.filter(owner=owner, key=key).first()


def _replay(found: IdempotentAnswer, fingerprint: bytes) -> Response:
    if bytes(found.fingerprint) != fingerprint:
        raise ServiceError(
            _("This Idempotency-Key was used for another request. Use a new one."),
            code="idempotency_key_reused",
            status=422,
            field=HEADER,
        )
    body = json.loads(decrypt(found.body_encrypted))
    return Response(body, status=found.status, headers={REPLAYED: "true"})


def _store(owner: Owner, key: str, fingerprint: bytes, response: Response) -> None:
    # As the client reads it: the renderer knows how dates and identifiers are written.
    body = json.dumps(response.data, cls=JSONEncoder)
    IdempotentAnswer.objects.create(
        owner=owner,
        key=key,
        fingerprint=fingerprint,
        status=response.status_code,
        body_encrypted=encrypt(body.encode()),
    )
