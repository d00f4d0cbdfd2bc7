"""Requests for quotes: asked, opened at their deadline, ended. docs/quotes.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.services import ledger_post
from apps.accounts.models import User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import spend_check
from apps.accounts.services.verifications import verified_require
from apps.orderbook.models import BulkOrder, Quote, QuoteLine, QuoteRequest
from apps.orderbook.sealing import lines_of, unseal
from apps.orderbook.services.bulk_approvals import order_lock
from apps.orderbook.services.bulk_orders import wake_later
from apps.orderbook.services.quote_holds import (
    ended_as,
    live_request,
    moment,
    quotes_close,
    request_close,
    request_end,
    request_lock,
    standing_quotes,
)
from apps.orderbook.services.quote_telling import asked_tell, closed_tell

log = structlog.get_logger(__name__)

State = QuoteRequest.State
SOURCE: Final = "request for quotes"
DEADLINE_S_MIN: Final = 60
DEADLINE_S_MAX: Final = 30 * 86_400
AT_ONCE_MAX: Final = 100
# While an order is in one of these, its quotes may still be taken.
_WAITING: Final = (
    *(BulkOrder.State.PLANNED, BulkOrder.State.QUEUED, BulkOrder.State.PLANNING),
    BulkOrder.State.ASKED,
)


def quote_request_make(*, order: BulkOrder, by: User, deadline: datetime) -> QuoteRequest:
    """Puts the order's demands to all who may answer. Asking the same again changes nothing.

    Raises NotPermitted (`scope_missing`, `organisation_not_verified`), ServiceError
    `invalid_deadline`, Conflict `not_planned`, `already_asked`.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        locked = order_lock(order)
        spend_check(owner=locked.owner, asset=locked.quote, by=by, total=0, approving=False)
        if live := live_request(locked):
            if live.deadline == deadline:
                return live
            raise Conflict(
                _("This order asks for quotes already. Cancel that request first."),
                code="already_asked",
            )
        if locked.state != BulkOrder.State.PLANNED:
            raise Conflict(
                _("Quotes can be asked for once the order is planned: %(state)s.")
                % {"state": locked.get_state_display()},
                code="not_planned",
            )
        # Sellers hold credits for it: only for who can carry it out.
        verified_require(owner=locked.owner)
        ahead_s = (deadline - moment()) / timedelta(seconds=1)
        if not DEADLINE_S_MIN <= ahead_s <= DEADLINE_S_MAX:
            raise ServiceError(
                _("Give sellers between a minute and 30 days to answer."),
                code="invalid_deadline",
                field="deadline",
            )
        made = QuoteRequest.objects.create(order=locked, asked_by=by, deadline=deadline)
        asked_tell(request=made)
        return made


def quote_request_end(*, request: QuoteRequest, by: User) -> QuoteRequest:
    """Cancels it before the deadline, declines all quotes after it. Repeating it is harmless.

    Raises Conflict `quotes_accepted` where a quote was taken.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        order = order_lock(request.order)
        spend_check(owner=order.owner, asset=order.quote, by=by, total=0, approving=False)
        locked = request_lock(request.pk)
        if locked.state == State.ACCEPTED:
            raise Conflict(_("A quote was accepted already."), code="quotes_accepted")
        if locked.state in QuoteRequest.LIVE_STATES:
            request_end(locked, ended_as(locked))
    request.refresh_from_db()
    return request


def quote_request_open(*, request_id: int) -> None:
    """Opens what was answered, once the deadline has come, and has the order planned with it."""
    with transaction.atomic():
        # Orders are locked before their requests, everywhere.
        order = BulkOrder.objects.select_for_update(no_key=True).get(quote_requests=request_id)
        request = request_lock(request_id)
        if request.state != State.OPEN or moment() < request.deadline:
            return
        standing = standing_quotes(request)
        if not standing:
            request_end(request, State.LAPSED)
            return
        request.state, request.opened_at = State.OPENED, moment()
        request.save(update_fields=["state", "opened_at"])
        for quote in standing:
            _quote_open(quote)
        closed_tell(request=request)
        if order.state == BulkOrder.State.PLANNED:
            BulkOrder.objects.filter(pk=order.pk).update(state=BulkOrder.State.QUEUED, attempt=0)
            wake_later(order)


def quotes_lapse(*, request_id: int) -> None:
    """Ends the quotes whose time is over, and the request that has none left or no order."""
    with transaction.atomic():
        request = request_lock(request_id)
        if request.state not in QuoteRequest.LIVE_STATES:
            return
        if request.order.state not in _WAITING:
            request_end(request, ended_as(request))
            return
        now, standing = moment(), standing_quotes(request)
        over = [quote for quote in standing if quote.valid_until <= now]
        ledger_post(holds=quotes_close(over, Quote.State.LAPSED))
        if request.state == State.OPENED and len(over) == len(standing):
            request_close(request, State.LAPSED)


def quotes_sweep() -> None:
    """Opens and ends what is due, a hundred at a time; one that fails does not stop the others."""
    live = QuoteRequest.objects.filter(state__in=QuoteRequest.LIVE_STATES)
    due = live.filter(state=State.OPEN, deadline__lte=moment()).order_by("deadline")
    for pk in due.values_list("pk", flat=True)[:AT_ONCE_MAX]:
        _try(quote_request_open, pk)
    gone = live.filter(quotes__state=Quote.State.STANDING, quotes__valid_until__lte=moment())
    orphans = live.exclude(order__state__in=_WAITING)
    found = {*gone.values_list("pk", flat=True), *orphans.values_list("pk", flat=True)}
    for pk in sorted(found)[:AT_ONCE_MAX]:
        _try(quotes_lapse, pk)


def _try(do: Callable[..., None], request_id: int) -> None:
    try:
        do(request_id=request_id)
    except Exception:
        log.exception("quote_request_failed", request=request_id)


def _quote_open(quote: Quote) -> None:
    try:
        text = unseal(quote.sealed)
    except InvalidToken:
        # Without its key nobody learns what it says: it cannot be taken.
        log.error("quote_not_opened", quote=quote.pk)
        return
    quote.revealed = text
    quote.save(update_fields=["revealed"])
    for number, line in enumerate(lines_of(text), start=1):
        QuoteLine.objects.filter(quote=quote, number=number).update(price=line.price)
