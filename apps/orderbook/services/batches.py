"""Many places and cancels in one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from apps.accounts.carrying import carrier_current
from apps.accounts.errors import ServiceError
from apps.accounts.models import Owner, User
from apps.orderbook.models import Command
from apps.orderbook.services.appending import commands_append
from apps.orderbook.services.commands import cancel_prepare, command_named, order_prepare

BATCH_MAX: Final = 100
# An advisory lock of two numbers: this, and the owner.
BATCH_LOCK: Final = 0x0CC3


@dataclass(frozen=True, slots=True)
class Place:
    """`terms` as `order_prepare` takes them."""

    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cancel:
    """`find` says which order, once all that came before it in the batch is written."""

    find: Callable[[], int]


# What is refused already is an error, and stays in its place.
Request = Place | Cancel | ServiceError
Outcome = Command | ServiceError


def batch_accept(
    *, owner: Owner, user: User | None, requests: Sequence[Request]
) -> Sequence[Outcome]:
    """Accepts the owner's requests in their order, with one commit. A refused one stops no other.

    What came of each is in its place: the command, or why there is none. An owner's batches take
    turns unless one statement writes all of it: two that share client order ids in another order
    would wait for each other for ever.
    """
    assert len(requests) <= BATCH_MAX
    batch = _Batch(owner, user)
    is_free = carrier_current() is not None or not connection.in_atomic_block
    if is_free and batch.is_written_at_once(requests):
        return batch.outcomes
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::int)", [BATCH_LOCK, owner.pk])
        batch = _Batch(owner, user)
        for request in requests:
            batch.take(request)
        batch.write()
    return batch.outcomes


def commands_accept(*, owner: Owner, commands: Sequence[Command]) -> Sequence[Command]:
    """Accepts the owner's orders, which `order_prepare` would have made just so, with one commit.

    Where a client order id was used before, its first command is what it comes to.
    """
    assert len(commands) <= BATCH_MAX
    batch = _Batch(owner, None)
    batch.outcomes = list(commands)
    batch.write()
    return [command for command in batch.outcomes if isinstance(command, Command)]


class _Batch:
    """Commands are written together, as late as the next one that has to see them allows."""

    def __init__(self, owner: Owner, user: User | None) -> None:
        self.outcomes: list[Outcome] = []
        self._owner = owner
        self._user = user
        self._written = 0

    def is_written_at_once(self, requests: Sequence[Request]) -> bool:
        """Most batches are places alone: one statement writes them, and nothing has to be seen
        before. False: nothing is written."""
        for request in requests:
            if isinstance(request, Cancel):
                return False
            try:
                self.outcomes.append(
                    self._placed(request) if isinstance(request, Place) else request
                )
            except ServiceError as refusal:
                # Its client order id may stand for a first answer.
                if isinstance(request, Place) and request.terms.get("client_oid"):
                    return False
                self.outcomes.append(refusal)
        self.write()
        return True

    def _placed(self, place: Place) -> Command:
        return order_prepare(owner=self._owner, user=self._user, **place.terms)

    def take(self, request: Request) -> None:
        try:
            self.outcomes.append(self._prepared(request))
        except ServiceError as refusal:
            self.outcomes.append(refusal)

    def write(self) -> None:
        """All that is prepared. A client order id that was used names what it named first."""
        places = [
            place
            for place in range(self._written, len(self.outcomes))
            if isinstance(self.outcomes[place], Command) and self.outcomes[place].pk is None  # type: ignore[union-attr]
        ]
        self._written = len(self.outcomes)
        prepared: list[Any] = [self.outcomes[place] for place in places]
        for place, command, is_new in zip(places, prepared, commands_append(prepared), strict=True):
            if not is_new:
                first = command_named(self._owner, command.client_oid)
                assert first is not None, "the row that was in the way is committed or ours"
                self.outcomes[place] = first

    def _prepared(self, request: Request) -> Outcome:
        if isinstance(request, ServiceError):
            return request
        if isinstance(request, Cancel):
            self.write()
            return cancel_prepare(owner=self._owner, user=self._user, order_id=request.find())
        try:
            return self._placed(request)
        except ServiceError:
            # The first answer stands, even if it was given in this batch.
            self.write()
            if first := command_named(self._owner, request.terms.get("client_oid")):
                return first
            raise
