"""Markets by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.errors import NotFound
from apps.accounts.models import Asset
from apps.accounts.rows import Rows, array, rows_of
from apps.accounts.together import Together
from apps.orderbook.models import Product
from apps.orderbook.names import code_from_name

_ROWS: Final = Rows(product=Product, base=Asset, quote=Asset)
_CODE: Final = [field.attname for field in Product._meta.concrete_fields].index("code")
_FIND: Final = f"""
SELECT {_ROWS.columns} FROM orderbook_product product
JOIN accounts_asset base ON base.id = product.base_id
JOIN accounts_asset quote ON quote.id = product.quote_id
WHERE product.code = ANY(%s::text[])
"""  # noqa: S608


def products() -> QuerySet[Product]:
    """Every market with its two assets, by code."""
    return Product.objects.select_related("base", "quote").order_by("code")


def product_by_name(name: str) -> Product:
    """The market of that name in the dialect, as a symbol, or as its code. Raises NotFound."""
    found = _products.ask(code_from_name(name)) if _may_be_name(name) else None
    if found is None:
        raise NotFound(_("Product not found"), code="product_not_found")
    return found


def _find(codes: Sequence[str]) -> list[Product | None]:
    """Read anew each time. As long as nothing has changed, the objects are those of last time:
    they are for everybody, to be looked at."""
    rows = rows_of(_FIND, [array(set(codes))])
    found = {row[_CODE]: _made(row) for row in rows}
    return [found.get(code) for code in codes]


def _made(row: tuple[Any, ...]) -> Product:
    last, product = _last.get(row[_CODE], (None, None))
    if product is None or row != last:
        product, product.base, product.quote = _ROWS.read(row)
        _last[row[_CODE]] = row, product
    return product


_last: Final[dict[str, tuple[tuple[Any, ...], Product]]] = {}
_products: Final = Together(_find)


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
