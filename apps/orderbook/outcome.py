"""What became of an order, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.accounts.amounts import MICRO
from apps.accounts.units import decimals_of, grouped_text, mass_text
from apps.orderbook.models import Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus, Side


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sentence, and how well it went: `success`, `info`, `warning` or `error`."""

    level: str
    text: str


def outcome_of(order: Order | None, product: Product) -> Outcome:
    """What to tell the person who placed it. None: the engine has not come to it."""
    if order is None:
        return Outcome(
            "info",
            _("Your order is accepted and waits for the engine. It appears below in a moment."),
        )
    if order.status == OrderStatus.REJECTED:
        return Outcome("error", _reason(order))
    if order.status == OrderStatus.OPEN:
        return _resting(order)
    if order.filled_size:
        return _traded(order, product)
    return Outcome("warning", _reason(order))


def _resting(order: Order) -> Outcome:
    if order.parked:
        return Outcome("success", _("Your order waits for its stop price."))
    if not order.filled_size:
        return Outcome("success", _("Your order rests in the book."))
    return Outcome(
        "success",
        _("%(filled)s filled at once; the rest waits in the book.")
        % {"filled": mass_text(order.filled_size)},
    )


def _traded(order: Order, product: Product) -> Outcome:
    words = {
        "filled": mass_text(order.filled_size),
        "price": _average_price(order, product),
        "quote": product.quote.code,
    }
    if order.side == Side.BUY:
        text = _("Bought %(filled)s at %(price)s %(quote)s per tonne.") % words
    else:
        text = _("Sold %(filled)s at %(price)s %(quote)s per tonne.") % words
    if order.done_reason == DoneReason.FILLED:
        return Outcome("success", text)
    return Outcome("warning", f"{text} {_reason(order)}")


def _average_price(order: Order, product: Product) -> str:
    """Rounded down to the market's increment: for reading, never for booking."""
    average = order.filled_notional * MICRO // order.filled_size
    average -= average % product.price_increment
    return grouped_text(average, decimals_min=decimals_of(product.price_increment))


def _reason(order: Order) -> str:
    match order.done_reason:
        case DoneReason.INSUFFICIENT_FUNDS:
            return _("Your available balance does not cover this order. Add funds or ask for less.")
        case DoneReason.POST_ONLY:
            return _("It would have traded at once. Change the price, or let it trade.")
        case DoneReason.NOT_OPEN:
            return _("The market was halted. Place the order when it is open again.")
        case DoneReason.NOT_FILLABLE:
            return _("The book had nothing more to offer at your terms; the rest was cancelled.")
        case DoneReason.SELF_TRADE:
            return _("It would have traded with another order of yours; the rest was cancelled.")
        case DoneReason.EXPIRED:
            return _("The time that you gave this order was over.")
        case _:
            return _("The order was cancelled.")
