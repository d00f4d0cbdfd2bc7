"""Markets by name."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.errors import NotFound
from apps.accounts.models import Asset
from apps.orderbook.models import Product
from apps.orderbook.names import code_from_name


def products() -> QuerySet[Product]:
    """Every market with its two assets, by code."""
    return Product.objects.select_related("base", "quote").order_by("code")


def product_by_name(name: str) -> Product:
    """The market of that name in the dialect, as a symbol, or as its code. Raises NotFound."""
    found = products().filter(code=code_from_name(name)).first() if _may_be_name(name) else None
    if found is None:
        raise NotFound(_("Product not found"), code="product_not_found")
    return found


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
