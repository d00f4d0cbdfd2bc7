"""Is this an order that the market could take? Everything that needs no look at funds or the book.

The wording is part of the API: ccxt's `coinbaseexchange` recognises an invalid order by "price too
small", "price too precise" and "size is too small", and a halted market by "Cancel only mode".
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.amounts import AMOUNT_MICRO_MAX, MICRO, text_from_micro
from apps.accounts.errors import ServiceError
from apps.orderbook.engine.book.money import BPS, hold_of, notional_of
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import OrderType, Side, TimeInForce

RESTING: Final = frozenset({TimeInForce.GTC, TimeInForce.GTT})
LIFE_MAX: Final = timedelta(days=366)
# An order shows itself in at most so many parts.
PARTS_MAX: Final = 10
CLIENT_OID: Final = re.compile(r"[A-Za-z0-9._:~-]{1,100}", re.ASCII)


class InvalidOrder(ServiceError):
    """The order breaks a rule of its market. Nothing was written."""

    code = "invalid_order"


class MarketHalted(ServiceError):
    """The market takes cancels only."""

    code = "market_halted"


def client_oid_check(client_oid: str) -> None:
    """Raises InvalidOrder unless it can stand in an address and in a log line as it is."""
    if not CLIENT_OID.fullmatch(client_oid):
        raise InvalidOrder(
            _("client_oid takes 1 to 100 letters, digits and . _ : ~ - characters."),
            code="client_oid_invalid",
            field="client_oid",
        )


def place_check(*, product: Product, command: Command) -> None:
    """Raises InvalidOrder or MarketHalted for what the engine would refuse in any case."""
    _state_check(product, command)
    _stop_check(product, command)
    _end_check(command)
    if command.order_type == OrderType.LIMIT:
        _limit_check(product, command)
    else:
        _market_check(product, command)


def amend_check(*, product: Product, price: int | None, size: int | None) -> None:
    """Raises InvalidOrder or MarketHalted for a change that the engine would refuse in any case."""
    _closed_check(product)
    if price is None and size is None:
        raise InvalidOrder(_("Name a price or a size."), code="nothing_to_amend", field="size")
    if price is not None:
        _price_check(product, price)
    if size is not None:
        _size_check(product, size)
    if hold_of(Side.BUY, price or 0, size or 0, product.taker_bps) > AMOUNT_MICRO_MAX:
        raise InvalidOrder(
            _("The order's value is too large. Lower its price or its size."),
            code="value_too_large",
        )


def _state_check(product: Product, command: Command) -> None:
    """What the state of the market does not let in."""
    state = Product.State(product.state)
    if state == Product.State.OPEN:
        return
    _closed_check(product)
    rests = command.order_type == OrderType.LIMIT and command.time_in_force in RESTING
    if not rests or command.stop is not None:
        message = _("This market takes only limit orders that rest at the moment: GTC or GTT.")
    elif command.post_only and state == Product.State.AUCTION:
        message = _("In an auction nobody comes first: leave out post_only.")
    else:
        return
    raise InvalidOrder(message, code="market_limit_only")


def _closed_check(product: Product) -> None:
    if product.state in (Product.State.HALTED, Product.State.CANCEL_ONLY):
        raise MarketHalted(
            _("Cancel only mode: this market is halted. Place the order when it is open again.")
        )


def _limit_check(product: Product, command: Command) -> None:
    if command.price is None or command.size is None or command.funds is not None:
        raise InvalidOrder(
            _("A limit order takes a price and a size, and no funds."), code="limit_order_fields"
        )
    if command.post_only and command.time_in_force not in RESTING:
        raise InvalidOrder(
            _("A post-only order rests in the book: its time in force must be GTC or GTT."),
            code="post_only_must_rest",
            field="post_only",
        )
    if command.slippage_bps is not None:
        raise InvalidOrder(
            _("A limit order does not slip: leave out max_slippage_bps."),
            code="limit_order_fields",
            field="max_slippage_bps",
        )
    _price_check(product, command.price)
    _size_check(product, command.size)
    if command.display_size is not None:
        _display_check(product, command)
    hold = hold_of(Side.BUY, command.price, command.size, product.taker_bps)
    if max(command.price, command.size, hold) > AMOUNT_MICRO_MAX:
        raise InvalidOrder(
            _("The order's value is too large. Lower its price or its size."),
            code="value_too_large",
        )
    notional = notional_of(command.price, command.size)
    assert notional * MICRO == command.price * command.size
    _notional_check(product, notional, field="size")


def _market_check(product: Product, command: Command) -> None:
    if command.price is not None or (command.size is None) == (command.funds is None):
        raise InvalidOrder(
            _("A market order takes either a size or funds, and no price."),
            code="market_order_fields",
        )
    if command.post_only or command.time_in_force != TimeInForce.IOC:
        raise InvalidOrder(
            _("A market order trades at once: leave out post_only and time_in_force."),
            code="market_order_rests_never",
        )
    if command.display_size is not None:
        raise InvalidOrder(
            _("A market order is never in sight: leave out max_floor."),
            code="market_order_rests_never",
            field="max_floor",
        )
    if command.slippage_bps is not None and not 0 <= command.slippage_bps < BPS:
        raise InvalidOrder(
            _("max_slippage_bps must be from 0 to 9999."),
            code="slippage_out_of_range",
            field="max_slippage_bps",
        )
    if command.size is not None:
        _size_check(product, command.size)
        if command.stop is not None and command.side == Side.BUY:
            raise InvalidOrder(
                _("Nobody knows yet what a stop order buys at: name funds, or a limit price."),
                code="stop_needs_bound",
                field="size",
            )
    elif command.stop is not None and command.side == Side.SELL:
        raise InvalidOrder(
            _("A stop order that sells takes a size."), code="stop_needs_size", field="funds"
        )
    elif not 0 < (command.funds or 0) <= AMOUNT_MICRO_MAX:
        raise InvalidOrder(_("funds must be more than 0."), code="funds_too_small", field="funds")
    else:
        _notional_check(product, command.funds or 0, field="funds")


def _notional_check(product: Product, notional: int, field: str) -> None:
    if notional < product.notional_min:
        message = _("The order's value is too small: this market takes {bound} or more.")
        code, bound = "value_too_small", product.notional_min
    elif notional > product.notional_max:
        message = _("The order's value is too large: this market takes {bound} at most.")
        code, bound = "value_too_large", product.notional_max
    else:
        return
    raise InvalidOrder(message.format(bound=text_from_micro(bound)), code=code, field=field)


def _display_check(product: Product, command: Command) -> None:
    """An iceberg: as on Coinbase Exchange, a tenth of it or more is in sight."""
    assert command.size is not None
    assert command.display_size is not None
    shown = command.display_size
    if command.time_in_force not in RESTING:
        message = _("max_floor is for orders that rest: their time in force must be GTC or GTT.")
    elif shown < product.size_min or shown * PARTS_MAX < command.size:
        message = _("max_floor is too small: a tenth of the order at least, and the smallest size.")
    elif shown % product.size_increment:
        message = _("max_floor is too precise: round it to a multiple of {increment}.").format(
            increment=text_from_micro(product.size_increment)
        )
    else:
        return
    raise InvalidOrder(message, code="max_floor_invalid", field="max_floor")


def _stop_check(product: Product, command: Command) -> None:
    if (command.stop is None) != (command.stop_price is None):
        raise InvalidOrder(
            _("A stop order takes a stop and a stop_price."), code="stop_order_fields", field="stop"
        )
    if command.stop_price is not None:
        _price_check(product, command.stop_price, field="stop_price")
        if command.post_only:
            raise InvalidOrder(
                _("A stop order may have to trade at once: leave out post_only."),
                code="stop_not_post_only",
                field="post_only",
            )


def _end_check(command: Command) -> None:
    if (command.time_in_force == TimeInForce.GTT) != (command.expires_at is not None):
        raise InvalidOrder(
            _("cancel_after goes with the time in force GTT, and GTT with cancel_after."),
            code="cancel_after_needs_gtt",
            field="cancel_after",
        )
    if command.expires_at is not None:
        ahead = command.expires_at - timezone.now()
        if not timedelta(0) < ahead <= LIFE_MAX:
            raise InvalidOrder(
                _("cancel_after must be a time to come, within a year."),
                code="cancel_after_not_to_come",
                field="cancel_after",
            )


def _price_check(product: Product, price: int, field: str = "price") -> None:
    increment = product.price_increment
    if price < increment:
        message = _("price too small: it must be at least {increment}.")
        code = "price_too_small"
    elif price % increment:
        message = _("price too precise: round it to a multiple of {increment}.")
        code = "price_too_precise"
    else:
        return
    raise InvalidOrder(message.format(increment=text_from_micro(increment)), code=code, field=field)


def _size_check(product: Product, size: int) -> None:
    increment = product.size_increment
    if size < product.size_min:
        message = _("size is too small: it must be at least {bound}.")
        code, bound = "size_too_small", product.size_min
    elif size > product.size_max:
        message = _("The market's largest size is too small for this order: {bound} at most.")
        code, bound = "size_too_large", product.size_max
    elif size % increment:
        message = _("The last digit of the size is too small: round it to a multiple of {bound}.")
        code, bound = "size_too_precise", increment
    else:
        return
    raise InvalidOrder(message.format(bound=text_from_micro(bound)), code=code, field="size")
