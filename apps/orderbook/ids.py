"""Identifiers of the order book: one bigint holds the product and a number within it.

`id = product_id << 40 | number`, so that one primary key index serves both look-ups by id and
the engine's "next of this product". Orders show it to the outside as a UUID (RFC 9562, version 8)
that carries the same bits.
"""

from __future__ import annotations

import uuid

NUMBER_BITS = 40
NUMBER_MAX = (1 << NUMBER_BITS) - 1
PRODUCT_MAX = (1 << 23) - 1

_VERSION_AND_VARIANT = (8 << 76) | (0b10 << 62)
_LOW_BITS = 62


def id_make(product_id: int, number: int) -> int:
    """The row id of `number` within a product."""
    assert 0 < product_id <= PRODUCT_MAX
    assert 0 < number <= NUMBER_MAX
    return product_id << NUMBER_BITS | number


def id_first(product_id: int) -> int:
    """The lowest row id that a product can have."""
    return product_id << NUMBER_BITS


def id_product(row_id: int) -> int:
    """The product that a row id belongs to."""
    return row_id >> NUMBER_BITS


def id_number(row_id: int) -> int:
    """The number within its product."""
    return row_id & NUMBER_MAX


def order_uuid(order_id: int) -> uuid.UUID:
    """The public name of an order."""
    high, low = order_id >> _LOW_BITS, order_id & ((1 << _LOW_BITS) - 1)
    return uuid.UUID(int=_VERSION_AND_VARIANT | high << 80 | low)


def order_id_from_uuid(value: uuid.UUID) -> int | None:
    """The row id behind a public order name, or None when the name is not one of ours."""
    low, high = value.int & ((1 << _LOW_BITS) - 1), value.int >> 80
    order_id = high << _LOW_BITS | low
    return order_id if high < 2 and order_uuid(order_id) == value else None
