"""Quotes taken: credits against money between two owners, in the transaction that starts the order.

Whoever may let a bulk order run takes the quotes of its plan by that. What is taken is exchanged
there and then, each line as a step that is over; whatever else stood for the order is released. So
there is no quote that is taken and not exchanged, wherever a process dies.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import Conflict, InsufficientFunds, NotPermitted, ServiceError
from apps.accounts.ledger.services import Hold, Leg, platform_owner_get
from apps.accounts.models import Owner, Transfer
from apps.orderbook.engine.book.money import fee_of, maker_fee_of, notional_of
from apps.orderbook.models import (
    BulkBuy,
    BulkExecution,
    BulkOrder,
    BulkStep,
    Product,
    Quote,
    QuoteLine,
    QuoteRequest,
)
from apps.orderbook.models.enums import DoneReason
from apps.orderbook.selectors.fees import own_fees
from apps.orderbook.services.quote_holds import (
    ended_as,
    live_request,
    moment,
    request_end,
    standing_quotes,
)
from apps.orderbook.services.quote_telling import awarded_tell
from apps.orderbook.services.quotes import trading_entity


class _Taken(NamedTuple):
    """A purchase from a quote, and what it comes to in quote micro-units."""

    buy: BulkBuy
    line: QuoteLine
    seller: Owner
    notional: int
    taker_fee: int
    maker_fee: int


def quotes_exchange(*, order: BulkOrder, execution: BulkExecution) -> None:
    """Exchanges what the plan takes of quotes, and ends the order's request, if it has one.

    Within the transaction that starts the execution. The buyer pays the market's taker fee, the
    seller its maker fee, by their tiers of that moment. Raises Conflict `quote_gone`,
    NotPermitted `quote_to_oneself`, ServiceError `invalid_total`, InsufficientFunds.
    """
    assert connection.in_atomic_block
    buys = list(
        execution.plan.buys.filter(quote_line__isnull=False)
        .select_related("product__base", "product__quote", "quote_line")
        .order_by("pk")
    )
    request = live_request(order)
    if request is None or not buys:
        if buys:
            raise _gone()
        if request is not None:
            request_end(request, ended_as(request))
        return
    quotes = {quote.pk: quote for quote in standing_quotes(request)}
    taken = [_taken(order, buy, quotes) for buy in buys]
    cost = sum(one.notional + one.taker_fee for one in taken)
    if cost > execution.total_max:
        raise ServiceError(
            _("The quotes of this plan cost %(cost)s %(asset)s: allow at least that.")
            % {"cost": text_from_micro(cost), "asset": order.quote.code},
            code="invalid_total",
            field="total_max",
        )
    sold = {one.line.quote_id for one in taken}
    Quote.objects.filter(pk__in=sold).update(state=Quote.State.TAKEN, ended_at=moment())
    steps = [_step(execution, number, one) for number, one in enumerate(taken, start=1)]
    legs = [leg for step, one in zip(steps, taken, strict=True) for leg in _legs(order, step, one)]
    freed = _freed([quotes[pk] for pk in sorted(sold)], taken)
    awarded_tell(quotes=[quotes[pk] for pk in sorted(sold)])
    try:
        request_end(request, QuoteRequest.State.ACCEPTED, legs=legs, holds=freed)
    except InsufficientFunds as missing:
        raise InsufficientFunds(
            _("The account's funds do not cover the quotes of this plan. Add some first.")
        ) from missing


def _taken(order: BulkOrder, buy: BulkBuy, quotes: dict[int, Quote]) -> _Taken:
    line = buy.quote_line
    assert line is not None
    quote = quotes.get(line.quote_id)
    if quote is None or quote.valid_until <= moment() or line.price is None:
        raise _gone()
    if buy.product.state == Product.State.HALTED:
        raise Conflict(
            _("The market %(market)s is halted. Try again when it is not.")
            % {"market": buy.product.code},
            code="market_halted",
        )
    if trading_entity(quote.owner) == trading_entity(order.owner):
        raise NotPermitted(
            _("A quote of this plan is your own organisation's."), code="quote_to_oneself"
        )
    notional = notional_of(line.price, buy.size)
    [pays] = own_fees(order.owner, [buy.product])
    [gets] = own_fees(quote.owner, [buy.product])
    taker_fee = fee_of(notional, pays.rates.taker_bps)
    maker_fee = maker_fee_of(notional, gets.rates.maker_bps, taker_fee)
    return _Taken(buy, line, quote.owner, notional, taker_fee, maker_fee)


def _step(execution: BulkExecution, number: int, taken: _Taken) -> BulkStep:
    """The exchange as a step that is over: allotting and retiring follow as after any other."""
    assert taken.line.price is not None
    return BulkStep.objects.create(
        execution=execution,
        number=number,
        product=taken.buy.product,
        price=taken.line.price,
        size=taken.buy.size,
        client_oid=execution.client_oid_of(number),
        quote_line=taken.line,
        over_at=timezone.now(),
        outcome=DoneReason.FILLED,
        filled=taken.buy.size,
        notional=taken.notional,
        fees=taken.taker_fee,
        maker_fees=taken.maker_fee,
    )


def _legs(order: BulkOrder, step: BulkStep, taken: _Taken) -> list[Leg]:
    """Credits out of what the seller holds, money for them, and the fees of either side."""
    base, quote = taken.buy.product.base, taken.buy.product.quote
    buyer, seller = order.owner, taken.seller
    house = platform_owner_get(name=f"fees:{taken.buy.product.code}")
    by_quote, fee = (Transfer.Kind.QUOTE, step.pk), (Transfer.Kind.FEE, step.pk)
    legs = [
        Leg(seller, buyer, base, step.filled, *by_quote, from_held=True),
        Leg(buyer, seller, quote, taken.notional, *by_quote),
    ]
    if taken.taker_fee:
        legs.append(Leg(buyer, house, quote, taken.taker_fee, *fee))
    if taken.maker_fee > 0:
        legs.append(Leg(seller, house, quote, taken.maker_fee, *fee))
    elif taken.maker_fee:
        legs.append(Leg(house, seller, quote, -taken.maker_fee, *fee))
    return legs


def _freed(quotes: list[Quote], taken: list[_Taken]) -> list[Hold]:
    """What the quotes that were taken held beyond what was taken of them."""
    sizes = {one.line.pk: one.buy.size for one in taken}
    lines = QuoteLine.objects.filter(quote__in=quotes).select_related("product__base")
    owners = {quote.pk: quote.owner for quote in quotes}
    return [
        Hold(owners[line.quote_id], line.product.base, sizes.get(line.pk, 0) - line.size)
        for line in lines.order_by("pk")
        if line.size > sizes.get(line.pk, 0)
    ]


def _gone() -> Conflict:
    return Conflict(
        _("A quote of this plan does not stand any more. Plan the order again."),
        code="quote_gone",
    )
