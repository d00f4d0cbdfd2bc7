"""Listing, halting and opening markets."""

from __future__ import annotations

import re
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.amounts import AMOUNT_MICRO_MAX, MICRO
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import Asset
from apps.orderbook.engine.book.money import BPS, hold_of
from apps.orderbook.models import Product
from apps.orderbook.models.enums import Side
from apps.orderbook.services.doorbell import doorbell_ring

# The API's dialect writes our dashes as underscores, and ccxt a slash between base and quote.
CODE: Final = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*", re.ASCII)


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


def product_halt(*, product: Product) -> None:
    """From now on the market takes cancels only. What rests stays."""
    _state_set(product, Product.State.HALTED)


def product_open(*, product: Product) -> None:
    """The market trades again."""
    _state_set(product, Product.State.OPEN)


def _state_set(product: Product, state: Product.State) -> None:
    Product.objects.filter(pk=product.pk).update(state=state)
    product.state = state
    transaction.on_commit(lambda: doorbell_ring(product_id=product.pk))


def _check(product: Product) -> None:
    for field in ("base", "quote"):
        if not CODE.fullmatch(getattr(product, field).code):
            raise InvalidProduct(
                _("An asset that trades has a code of capitals, digits and single dashes."),
                field=field,
            )
    for field in ("price_increment", "size_increment", "size_min"):
        if getattr(product, field) <= 0:
            raise InvalidProduct(_("It must be more than 0."), field=field)
    p = product
    hold = hold_of(Side.BUY, p.price_increment, p.size_max, p.taker_bps)
    rules = (
        ("quote", p.base != p.quote, _("A market needs two different assets.")),
        (
            "price_increment",
            p.price_increment * p.size_increment % MICRO == 0,
            _("Price increment times size increment must be a multiple of 0.000001."),
        ),
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
        ("size_max", max(hold, p.size_max) <= AMOUNT_MICRO_MAX, _("It is too large.")),
        ("taker_bps", 0 <= p.taker_bps < BPS, _("It must be below 10,000 basis points.")),
        ("maker_bps", 0 <= p.maker_bps <= p.taker_bps, _("It must not exceed the taker's fee.")),
    )
    for field, holds, message in rules:
        if not holds:
            raise InvalidProduct(message, field=field)
