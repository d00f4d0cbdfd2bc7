"""How dear a buy may be in a market with a price band; `engine.book.rules` has the last word."""

from __future__ import annotations

from apps.orderbook.engine.book.money import BPS
from apps.orderbook.ids import id_first, id_last
from apps.orderbook.models import Fill, Product


def price_ceiling(product: Product) -> int | None:
    """The dearest price that a buy may name now, in quote micro-units; None: any."""
    if not product.band_bps:
        return None
    trades = Fill.objects.filter(id__range=(id_first(product.pk), id_last(product.pk)))
    last = trades.order_by("-id").values_list("price", flat=True).first()
    return None if last is None else last * (BPS + product.band_bps) // BPS
