"""Bulk orders on their way in, and books that they are planned on."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import Asset, Owner, User
from apps.orderbook.models import BulkOrder, Product
from apps.orderbook.models.enums import Side
from apps.orderbook.services.bulk_orders import bulk_order_create
from apps.orderbook.services.bulk_work import bulk_work
from apps.registry.models import CreditClass
from tests.support.factories import TONNE, asset_make, owner_make, user_make
from tests.support.markets import order_rest, product_make
from tests.support.registry import block_make, holder_make

UNIT = 1_000_000


def file_of(*lines: Mapping[str, object]) -> bytes:
    """A CSV file; without other columns, of tonnes for a company."""
    rows = [{"tonnes": 1, "beneficiary": "Example Ltd", **line} for line in lines]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def order_make(content: bytes, *, by: User | None = None, **terms: object) -> BulkOrder:
    """An order that waits to be read; in USDC, in the name of whoever brings it."""
    by = by or user_make()
    fields: dict[str, object] = {"owner": by.owner, "quote": cash(), "name": "Travel", **terms}
    file_name = str(fields.pop("file_name", "lines.csv"))
    file = SimpleUploadedFile(file_name, content)
    return bulk_order_create(file=file, by=by, **fields)  # type: ignore[arg-type]


def worked(order: BulkOrder) -> BulkOrder:
    """What a worker makes of it."""
    bulk_work(order_id=order.pk)
    order.refresh_from_db()
    return order


def planned(content: bytes, **terms: object) -> BulkOrder:
    """An order with a plan."""
    order = worked(order_make(content, **terms))  # type: ignore[arg-type]
    assert order.state == BulkOrder.State.PLANNED, (order.state, order.failure_code)
    return order


def cash() -> Asset:
    return asset_make("USDC", kind=Asset.Kind.CASH)


def market_of(first: int, year: int, *asks: tuple[int, int]) -> tuple[CreditClass, Product]:
    """The market of a class, with asks as (price, tonnes) of somebody."""
    _owner, credit_class = holder_make(block_make(first=first, tonnes=500, year=year))
    product = product_make(credit_class.code, quote=cash().code)
    for price, tonnes in asks:
        ask_place(product, owner_make(), price, tonnes)
    return credit_class, product


def ask_place(product: Product, owner: Owner, price: int, tonnes: int) -> None:
    order_rest(product, owner, side=Side.SELL, price=price * UNIT, size=tonnes * TONNE)
