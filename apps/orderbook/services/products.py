"""Listing, halting and opening markets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.amounts import AMOUNT_MICRO_MAX, MICRO
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import Asset, User
from apps.orderbook.engine.book import Rules
from apps.orderbook.engine.book.money import BPS, hold_of
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import Side
from apps.orderbook.models.market import NO_LIMIT
from apps.orderbook.services.commands import market_change

# The API's dialect writes our dashes as underscores, and ccxt a slash between base and quote.
CODE: Final = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*", re.ASCII)


DAY_S: Final = 86_400


class InvalidProduct(ServiceError):
    """A market like this could not be matched exactly, or not be named."""

    code = "invalid_product"


def product_create(
    *,
    base: Asset,
    quote: Asset,
    price_increment: int,
    size_increment: int,
    size_min: int,
    size_max: int,
    maker_bps: int = 0,
    taker_bps: int = 0,
) -> Product:
    """Lists the market of `base` against `quote`. All amounts in micro-units.

    Raises InvalidProduct for increments whose product is not a whole number of quote micro-units,
    sizes out of order, and fees by which a maker pays more than a taker; Conflict for a pair that
    is listed.
    """
    product = Product(
        code=f"{base.code}-{quote.code}",
        base=base,
        quote=quote,
        price_increment=price_increment,
        size_increment=size_increment,
        size_min=size_min,
        size_max=size_max,
        maker_bps=maker_bps,
        taker_bps=taker_bps,
    )
    _check(product)
    try:
        with transaction.atomic():
            product.save(force_insert=True)
    except IntegrityError:
        raise Conflict(_("This market is listed already."), code="product_exists") from None
    return product


def product_halt(*, product: Product, user: User | None) -> Command:
    """Asks that the market take cancels only. What rests stays. It opens again by an auction, if
    the market has them."""
    return product_change(product=product, user=user, state=Product.State.HALTED)


def product_open(*, product: Product, user: User | None) -> Command:
    """Asks that the market trade again; a halted one by an auction, if the market has them."""
    return product_change(product=product, user=user, state=Product.State.OPEN)


def product_change(
    *, product: Product, user: User | None, state: Product.State | None = None, **rules: int
) -> Command:
    """Asks for another state of the market, for other rules (fields of `Rules`), or both.

    It goes through the journal: what was accepted before it is decided before it. An auction lasts
    `auction_s`, or until the market is opened if that is 0. Raises InvalidProduct.
    """
    after = copy(product)
    for name in Rules._fields:
        setattr(after, name, rules.pop(name, getattr(after, name)))
    assert not rules, f"not rules of a market: {sorted(rules)}"
    _rules_check(after)
    asked: dict[str, int | str] = {
        name: getattr(after, name)
        for name in Rules._fields
        if getattr(after, name) != getattr(product, name)
    }
    if state is not None:
        asked["state"] = state.value
    return market_change(product=product, user=user, asked=asked)


def _check(product: Product) -> None:
    for field in ("base", "quote"):
        if not CODE.fullmatch(getattr(product, field).code):
            raise InvalidProduct(
                _("An asset that trades has a code of capitals, digits and single dashes."),
                field=field,
            )
    for field in ("price_increment", "size_increment"):
        if getattr(product, field) <= 0:
            raise InvalidProduct(_("It must be more than 0."), field=field)
    _rules_check(product)
    p = product
    hold = hold_of(Side.BUY, p.price_increment, p.size_max, p.taker_bps)
    rules = (
        ("quote", p.base != p.quote, _("A market needs two different assets.")),
        (
            "price_increment",
            p.price_increment * p.size_increment % MICRO == 0,
            _("Price increment times size increment must be a multiple of 0.000001."),
        ),
        ("size_max", max(hold, p.size_max) <= AMOUNT_MICRO_MAX, _("It is too large.")),
        ("taker_bps", 0 <= p.taker_bps < BPS, _("It must be below 10,000 basis points.")),
        ("maker_bps", -BPS < p.maker_bps <= p.taker_bps, _("It must not exceed the taker's fee.")),
    )
    _hold_all(rules)


def _rules_check(p: Product) -> None:
    """Raises InvalidProduct for limits out of order and for a breaker that could not work."""
    rules = (
        ("size_min", p.size_min > 0, _("It must be more than 0.")),
        (
            "size_min",
            p.size_min % p.size_increment == 0,
            _("The smallest size must be a multiple of the size increment."),
        ),
        (
            "size_max",
            p.size_max % p.size_increment == 0,
            _("The largest size must be a multiple of the size increment."),
        ),
        ("size_max", p.size_max >= p.size_min, _("It must not be below the smallest size.")),
        ("size_max", p.size_max <= AMOUNT_MICRO_MAX, _("It is too large.")),
        ("notional_min", p.notional_min >= 0, _("It must not be less than 0.")),
        (
            "notional_max",
            p.notional_min <= p.notional_max <= NO_LIMIT,
            _("It must not be below the smallest value."),
        ),
        ("band_bps", 0 <= p.band_bps < BPS, _("It must be below 10,000 basis points.")),
        ("breaker_bps", 0 <= p.breaker_bps < BPS, _("It must be below 10,000 basis points.")),
        (
            "breaker_window_s",
            not p.breaker_bps or p.breaker_window_s > 0,
            _("A circuit breaker needs a window of at least a second."),
        ),
        *(
            (name, 0 <= getattr(p, name) <= DAY_S, _("It takes from 0 to 86400 seconds."))
            for name in ("breaker_window_s", "breaker_pause_s", "auction_s")
        ),
    )
    _hold_all(rules)


def _hold_all(rules: Iterable[tuple[str, bool, str]]) -> None:
    for field, holds, message in rules:
        if not holds:
            raise InvalidProduct(message, field=field)
