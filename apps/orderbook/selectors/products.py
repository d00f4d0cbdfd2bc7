"""Markets by name."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.errors import NotFound
from apps.accounts.models import Asset
from apps.accounts.rows import Rows
from apps.orderbook.models import Product
from apps.orderbook.names import code_from_name

_ROWS: Final = Rows(product=Product, base=Asset, quote=Asset)
_FIND: Final = f"""
SELECT {_ROWS.columns} FROM orderbook_product product
JOIN accounts_asset base ON base.id = product.base_id
JOIN accounts_asset quote ON quote.id = product.quote_id
WHERE product.code = %s
"""  # noqa: S608


def products() -> QuerySet[Product]:
    """Every market with its two assets, by code."""
    return Product.objects.select_related("base", "quote").order_by("code")


def product_by_name(name: str) -> Product:
    """The market of that name in the dialect, as a symbol, or as its code. Raises NotFound."""
    found = _product(code_from_name(name)) if _may_be_name(name) else None
    if found is None:
        raise NotFound(_("Product not found"), code="product_not_found")
    return found


def _product(code: str) -> Product | None:
    found = _ROWS.find(_FIND, [code])
    if found is None:
        return None
    product: Product
    product, product.base, product.quote = found
    return product


def assets() -> QuerySet[Asset]:
    """Everything that can be held, by code."""
    return Asset.objects.order_by("code")


def asset_by_name(name: str) -> Asset:
    """The asset of that name in the dialect, or its code. Raises NotFound."""
    found = assets().filter(code=code_from_name(name)).first() if _may_be_name(name) else None
    if found is None:
        raise NotFound(_("Currency not found"), code="currency_not_found")
    return found


def _may_be_name(text: str) -> bool:
    # PostgreSQL would choke on some of the rest.
    return text.isascii() and text.isprintable()
