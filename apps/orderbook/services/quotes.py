"""Answering requests for quotes: a firm offer, held at once and sealed until the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.accounts.acting import TRADE, scopes_for_owner
from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.ledger.services import ledger_post
from apps.accounts.models import Owner, User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.verifications import verified_require
from apps.orderbook.models import Product, Quote, QuoteLine, QuoteRequest
from apps.orderbook.sealing import OfferedLine, lines_of, seal, unseal
from apps.orderbook.services.quote_holds import (
    holds_of,
    moment,
    quotes_close,
    request_lock,
)
from apps.orderbook.services.quote_telling import answered_tell

LINES_MAX: Final = 50
VALID_S_MIN: Final = 900
VALID_S_MAX: Final = 30 * 86_400
PRICE_MAX: Final = 10**15
SOURCE: Final = "quote"


class Offer(NamedTuple):
    """A line that somebody offers: grams at quote micro-units a tonne; taken from `size_min` on."""

    product: Product
    size: int
    size_min: int
    price: int


def quote_answer(
    *, request: QuoteRequest, owner: Owner, by: User, offers: Sequence[Offer], valid_until: datetime
) -> Quote:
    """A firm quote: what it offers is held until it is taken, lapses or is not taken.

    The same answer again changes nothing. Raises NotPermitted `quotes_not_permitted`,
    `quote_to_oneself`, `organisation_not_verified`, Conflict `request_closed`,
    `already_answered`, ServiceError `invalid_quote`, `invalid_validity`, InsufficientFunds.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        locked = request_lock(request.pk)
        _answerer_check(locked, owner, by)
        if same := _answered_already(locked, owner, offers, valid_until):
            return same
        if locked.state != QuoteRequest.State.OPEN or moment() >= locked.deadline:
            raise Conflict(_("The deadline of this request has passed."), code="request_closed")
        _validity_check(locked, valid_until)
        _offers_check(locked, offers)
        quote = _quote_write(locked, owner, by, offers, valid_until)
        ledger_post(holds=holds_of(quote))
        answered_tell(request=locked)
    return quote


def quote_withdraw(*, quote: Quote, by: User) -> Quote:
    """Takes it back before the deadline; what it held is free again. Repeating it is harmless.

    Raises NotPermitted, Conflict `quote_is_firm` after the deadline or once it is over.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        request = request_lock(quote.request_id)
        locked = Quote.objects.select_for_update(of=("self",), no_key=True)
        found = locked.select_related("owner").get(pk=quote.pk)
        _trader_check(found.owner, by)
        if found.state != Quote.State.WITHDRAWN:
            is_open = request.state == QuoteRequest.State.OPEN and moment() < request.deadline
            if found.state != Quote.State.STANDING or not is_open:
                raise Conflict(
                    _("After the deadline a quote stands until its time is over."),
                    code="quote_is_firm",
                )
            ledger_post(holds=quotes_close([found], Quote.State.WITHDRAWN))
    quote.refresh_from_db()
    return quote


def may_quote(owner: Owner) -> bool:
    """Whether staff let the owner answer requests."""
    return bool(_asked("SELECT orderbook_may_quote(%s)", owner.pk))


def trading_entity(owner: Owner) -> int:
    """The owner's key, or for a person that of the organisation they joined first."""
    return int(_asked("SELECT orderbook_trading_entity(%s)", owner.pk))


def _asked(query: str, owner_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, [owner_id])
        found: int = cursor.fetchone()[0]
        return found


def _trader_check(owner: Owner, by: User) -> None:
    if TRADE not in scopes_for_owner(user=by, owner=owner):
        raise NotPermitted(
            _("Your role in the organisation does not allow this."), code="scope_missing"
        )


def _answerer_check(request: QuoteRequest, owner: Owner, by: User) -> None:
    _trader_check(owner, by)
    verified_require(owner=owner)
    if not may_quote(owner):
        raise NotPermitted(
            _("Only market makers and project developers answer. Ask us to become one."),
            code="quotes_not_permitted",
        )
    asker = request.order.owner
    if _is_of(asker, by) or trading_entity(owner) == trading_entity(asker):
        raise NotPermitted(_("This request is your own organisation's."), code="quote_to_oneself")


def _is_of(owner: Owner, user: User) -> bool:
    """Whether the owner is this person, or their organisation, whatever they may do there."""
    if owner.organisation is None:
        return owner.user_id == user.pk
    return owner.organisation.members.filter(pk=user.pk).exists()


def _answered_already(
    request: QuoteRequest, owner: Owner, offers: Sequence[Offer], valid_until: datetime
) -> Quote | None:
    standing = Quote.objects.filter(request=request, owner=owner, state=Quote.State.STANDING)
    found = standing.first()
    if found is None:
        return None
    if found.valid_until == valid_until and lines_of(unseal(found.sealed)) == _said(offers):
        return found
    raise Conflict(
        _("You have answered already. Withdraw that quote to answer otherwise."),
        code="already_answered",
    )


def _validity_check(request: QuoteRequest, valid_until: datetime) -> None:
    after_s = (valid_until - request.deadline) / timedelta(seconds=1)
    if not VALID_S_MIN <= after_s <= VALID_S_MAX:
        raise ServiceError(
            _("A quote stands for 15 minutes to 30 days after the deadline."),
            code="invalid_validity",
            field="valid_until",
        )


def _offers_check(request: QuoteRequest, offers: Sequence[Offer]) -> None:
    if not 0 < len(offers) <= LINES_MAX:
        raise _invalid(_("Offer between one line and %(most)s.") % {"most": LINES_MAX}, "lines")
    for offer in offers:
        product = offer.product
        if product.quote_id != request.order.quote_id:
            raise _invalid(
                _("This request is paid in %(asset)s.") % {"asset": request.order.quote.code},
                "product_id",
            )
        _size_check(product, offer)
        increment = product.price_increment
        if not 0 < offer.price <= PRICE_MAX or offer.price % increment:
            raise _invalid(
                _("A price is a multiple of %(increment)s above 0.")
                % {"increment": text_from_micro(increment)},
                "price",
            )


def _size_check(product: Product, offer: Offer) -> None:
    increment = product.size_increment
    sound = product.size_min <= offer.size_min <= offer.size <= product.size_max
    if not sound or offer.size % increment or offer.size_min % increment:
        raise _invalid(
            _(
                "Sizes of %(market)s are multiples of %(increment)s from %(least)s to %(most)s. "
                "The least that is taken is no more than what is offered."
            )
            % {
                "market": product.code,
                "increment": text_from_micro(increment),
                "least": text_from_micro(product.size_min),
                "most": text_from_micro(product.size_max),
            },
            "size",
        )


def _quote_write(
    request: QuoteRequest, owner: Owner, by: User, offers: Sequence[Offer], valid_until: datetime
) -> Quote:
    sealed = seal(
        lines=_said(offers),
        request=str(request.public_id),
        owner=str(owner.pk),
        valid_until=valid_until.isoformat(),
    )
    quote = Quote.objects.create(
        request=request,
        owner=owner,
        answered_by=by,
        valid_until=valid_until,
        digest=sealed.digest,
        sealed=sealed.box,
    )
    QuoteLine.objects.bulk_create(
        QuoteLine(
            quote=quote,
            number=number,
            product=offer.product,
            size=offer.size,
            size_min=offer.size_min,
        )
        for number, offer in enumerate(offers, start=1)
    )
    return quote


def _said(offers: Sequence[Offer]) -> list[OfferedLine]:
    return [OfferedLine(o.product.code, o.size, o.size_min, o.price) for o in offers]


def _invalid(message: str, field: str) -> ServiceError:
    return ServiceError(message, code="invalid_quote", field=field)
