"""Identifiers of the order book: one bigint holds the product and a number within it.

`id = product_id << 40 | number`, so that one primary key index serves both look-ups by id and
the engine's "next of this product". To the outside, orders, accounts and profiles are UUIDs
(RFC 9562, version 8) that carry the same bits and what kind of thing they name:

    kind (8 bits) | id, high part (40 bits) | 8 | 0 | 10 | id, low 62 bits
"""

from __future__ import annotations

import uuid
from enum import IntEnum
from typing import Final

NUMBER_BITS: Final = 40
NUMBER_MAX: Final = (1 << NUMBER_BITS) - 1
PRODUCT_MAX: Final = (1 << 23) - 1
ID_MAX: Final = (1 << 63) - 1

_VERSION_AND_VARIANT: Final = (8 << 76) | (0b10 << 62)
_LOW_BITS: Final = 62
_LOW_MASK: Final = (1 << _LOW_BITS) - 1
_HIGH_SHIFT: Final = 80
_KIND_SHIFT: Final = 120


class Kind(IntEnum):
    """What a public id names. Orders came first and are 0, for ever."""

    ORDER = 0
    ACCOUNT = 1
    PROFILE = 2
    HOLD = 3
    TRANSFER = 4


def id_make(product_id: int, number: int) -> int:
    """The row id of `number` within a product."""
    assert 0 < product_id <= PRODUCT_MAX
    assert 0 < number <= NUMBER_MAX
    return product_id << NUMBER_BITS | number


def id_first(product_id: int) -> int:
    """The lowest row id that a product can have."""
    return product_id << NUMBER_BITS


def id_last(product_id: int) -> int:
    """The highest row id that a product can have."""
    return product_id << NUMBER_BITS | NUMBER_MAX


def id_product(row_id: int) -> int:
    """The product that a row id belongs to."""
    return row_id >> NUMBER_BITS


def id_number(row_id: int) -> int:
    """The number within its product."""
    return row_id & NUMBER_MAX


def public_uuid(kind: Kind, row_id: int) -> uuid.UUID:
    """The public name of a row."""
    return uuid.UUID(int=_public_int(kind, row_id))


def public_text(kind: Kind, row_id: int) -> str:
    """The same as a text, without making a UUID first."""
    digits = f"{_public_int(kind, row_id):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _public_int(kind: Kind, row_id: int) -> int:
    assert 0 < row_id <= ID_MAX
    high, low = row_id >> _LOW_BITS, row_id & _LOW_MASK
    return kind << _KIND_SHIFT | high << _HIGH_SHIFT | _VERSION_AND_VARIANT | low


def row_id_from_uuid(kind: Kind, value: uuid.UUID) -> int | None:
    """The row id behind a public name of that kind, or None when it is not one of ours."""
    high = (value.int >> _HIGH_SHIFT) & ((1 << (_KIND_SHIFT - _HIGH_SHIFT)) - 1)
    row_id = high << _LOW_BITS | value.int & ((1 << _LOW_BITS) - 1)
    is_ours = 0 < row_id <= ID_MAX and public_uuid(kind, row_id) == value
    return row_id if is_ours else None


def order_uuid(order_id: int) -> uuid.UUID:
    """The public name of an order."""
    return public_uuid(Kind.ORDER, order_id)


def order_text(order_id: int) -> str:
    """The same as a text."""
    return public_text(Kind.ORDER, order_id)


def order_id_from_uuid(value: uuid.UUID) -> int | None:
    """The row id behind a public order name, or None when the name is not one of ours."""
    return row_id_from_uuid(Kind.ORDER, value)


def account_uuid(balance_id: int) -> uuid.UUID:
    """The public name of a balance, which the API calls an account."""
    return public_uuid(Kind.ACCOUNT, balance_id)


def account_id_from_uuid(value: uuid.UUID) -> int | None:
    """The balance behind a public account name, or None when the name is not one of ours."""
    return row_id_from_uuid(Kind.ACCOUNT, value)


def profile_uuid(owner_id: int) -> uuid.UUID:
    """The public name of an owner, which the API calls a profile."""
    return public_uuid(Kind.PROFILE, owner_id)


def profile_text(owner_id: int) -> str:
    """The same as a text."""
    return public_text(Kind.PROFILE, owner_id)


def profile_id_from_uuid(value: uuid.UUID) -> int | None:
    """The owner behind a public profile name, or None when the name is not one of ours."""
    return row_id_from_uuid(Kind.PROFILE, value)


def transfer_uuid(transfer_id: int) -> uuid.UUID:
    """The public name of a deposit or withdrawal."""
    return public_uuid(Kind.TRANSFER, transfer_id)
