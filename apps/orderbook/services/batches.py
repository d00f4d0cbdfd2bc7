"""Many places and cancels in one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from django.db import connection, transaction

from apps.accounts.errors import ServiceError
from apps.accounts.models import Owner
from apps.orderbook.models import Command

BATCH_MAX: Final = 100
# An advisory lock of two numbers: this, and the owner.
BATCH_LOCK: Final = 0x0CC3

# A call of `order_place` or `order_cancel` with all its arguments.
Request: TypeAlias = Callable[[], Command]


def batch_accept(*, owner: Owner, requests: Sequence[Request]) -> list[Command | ServiceError]:
    """Accepts the owner's requests in their order, with one commit. A refused one stops no other.

    What came of each is in its place: the command, or why there is none. An owner's batches take
    turns: two that share client order ids in another order would wait for each other for ever.
    """
    assert len(requests) <= BATCH_MAX
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::int)", [BATCH_LOCK, owner.pk])
        return [_accepted(request) for request in requests]


def _accepted(request: Request) -> Command | ServiceError:
    try:
        return request()
    except ServiceError as refusal:
        return refusal
