"""Listing, halting and opening markets."""

from __future__ import annotations

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.amounts import AMOUNT_MICRO_MAX, MICRO
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import Asset
from apps.orderbook.engine.book.money import hold_of
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
    for asset in (product.base, product.quote):
        if not CODE.fullmatch(asset.code):
            raise InvalidProduct(
                _("The asset code {code} has more than capitals, digits and single dashes.").format(
                    code=asset.code
                ),
                field="base" if asset is product.base else "quote",
            )
    if product.size_min % product.size_increment or product.size_max % product.size_increment:
        raise InvalidProduct(
            _("The smallest and the largest size must be multiples of the size increment."),
            field="size_min",
        )
    if product.price_increment * product.size_increment % MICRO:
        raise InvalidProduct(
            _("Price increment times size increment must be a multiple of 10^6."),
            field="price_increment",
        )
    hold = hold_of(Side.BUY, product.price_increment, product.size_max, product.taker_bps)
    if hold > AMOUNT_MICRO_MAX:
        raise InvalidProduct(_("The largest size is too large."), field="size_max")
    try:
        product.full_clean(validate_unique=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidProduct(messages[0], field=field) from None
