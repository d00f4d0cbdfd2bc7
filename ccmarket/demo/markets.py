"""The demo's markets: every class with credits in custody against CC and USDC, and CC-USDC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apps.accounts.models import Asset
from apps.orderbook.models import Product
from apps.orderbook.models.market import UNIT
from apps.orderbook.services.products import product_create
from apps.registry.models import CreditClass, SerialBlock
from ccmarket.demo.money import CC, USDC

PRICE_INCREMENT: Final = UNIT // 1000
SIZE_INCREMENT: Final = UNIT // 1000  # one kilogram
SIZE_MAX: Final = 100_000 * UNIT
MAKER_BPS: Final = 10
TAKER_BPS: Final = 20


def markets_ensure() -> None:
    """Lists what is not listed yet."""
    listed = set(Product.objects.values_list("base__code", "quote__code"))
    for base, quote in _pairs():
        if (base.code, quote.code) not in listed:
            product_create(
                base=base,
                quote=quote,
                price_increment=PRICE_INCREMENT,
                size_increment=SIZE_INCREMENT,
                size_min=SIZE_INCREMENT,
                size_max=SIZE_MAX,
                maker_bps=MAKER_BPS,
                taker_bps=TAKER_BPS,
            )


def _pairs() -> Iterator[tuple[Asset, Asset]]:
    cc, usdc = Asset.objects.get(code=CC), Asset.objects.get(code=USDC)
    yield cc, usdc
    held = CreditClass.objects.filter(
        vintages__blocks__state=SerialBlock.State.IMMOBILISED
    ).distinct()
    for item in held.select_related("asset").order_by("code"):
        yield item.asset, cc
        yield item.asset, usdc
