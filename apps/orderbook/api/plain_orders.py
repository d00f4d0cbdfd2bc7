"""The orders that most batches are made of, read and answered in few steps.

A plain order is a limit order without a stop, an end of its own or a part out of sight, written the
way programs write it. Whatever is not plainly right is not read here: `PlaceInput` and
`order_prepare` do that, and know how to say what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final

from rest_framework.renderers import JSONRenderer

from apps.accounts.amounts import AMOUNT_MICRO_MAX, DECIMALS, text_from_micro
from apps.accounts.models import Asset, Owner, User
from apps.orderbook import dialect, names
from apps.orderbook.api.order_io import orders_body
from apps.orderbook.engine.book.money import hold_of, notional_of
from apps.orderbook.ids import id_make, order_text, profile_text
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import (
    CommandKind,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from apps.orderbook.selectors.orders import PENDING, order_pending
from apps.orderbook.services.appending import command_make, commands_of
from apps.orderbook.services.checks import CLIENT_OID, RESTING

Read = Callable[[Any], Command | None]

_FIELDS: Final = frozenset(
    {
        "product_id", "side", "type", "price", "size", "time_in_force", "post_only", "stp",
        "client_oid",
    }
)  # fmt: skip
_LIMIT: Final = dialect.ORDER_TYPES[OrderType.LIMIT]
_SIDES: Final = {word: number for number, word in dialect.SIDES.items()}
_SELF_TRADES: Final = {word: number for number, word in dialect.SELF_TRADES.items()}
# GTT goes with an end, which no plain order has.
_TIMES: Final = {
    None: TimeInForce.GTC,
    **{word: number for number, word in dialect.TIMES_IN_FORCE.items() if word != "GTT"},
}
_DC: Final = dialect.SELF_TRADES[SelfTrade.DC]
# What of an accepted order is its own, as texts that JSON writes as they are.
_OWN: Final = ("id", "client_oid", "product_id", "profile_id", "price", "size", "created_at")
_amount: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII).fullmatch


def plain_reader(owner: Owner, user: User, product: Product, name: str) -> Read:
    """What reads an order in that market, by the name that the request has for it.

    What it reads is the command that `order_prepare` would have made; None where it is not plain.
    The market is open, and the engine keeps up.
    """
    make = commands_of(
        product,
        kind=CommandKind.PLACE,
        owner_id=owner.pk,
        user_id=user.pk,
        order_type=OrderType.LIMIT,
    )
    price_step, size_step = product.price_increment, product.size_increment
    size_min, size_max = product.size_min, product.size_max
    notional_min, notional_max = product.notional_min, product.notional_max
    taker_bps = product.taker_bps

    def read(asked: Any) -> Command | None:
        if not asked.keys() <= _FIELDS or asked.get("product_id") != name:
            return None
        client_oid, terms = asked.get("client_oid"), _terms_of(asked)
        if terms is None or not (client_oid is None or _is_client_oid(client_oid)):
            return None
        price, size = _micro(asked.get("price")), _micro(asked.get("size"))
        if price < price_step or price % price_step:
            return None
        if not size_min <= size <= size_max or size % size_step:
            return None
        if not notional_min <= notional_of(price, size) <= notional_max:
            return None
        if hold_of(Side.BUY, price, size, taker_bps) > AMOUNT_MICRO_MAX:
            return None
        return make(price=price, size=size, client_oid=client_oid, **terms)

    return read


def _micro(text: Any) -> int:
    """Micro-units; -1 for what is not a plain text."""
    found = _amount(text) if type(text) is str else None
    if found is None:
        return -1
    whole, decimals = found.groups("")
    return int(whole + decimals.ljust(DECIMALS, "0"))


def _is_client_oid(text: Any) -> bool:
    return type(text) is str and CLIENT_OID.fullmatch(text) is not None


def _terms_of(asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    words = (
        asked.get("type", _LIMIT),
        asked.get("side"),
        asked.get("time_in_force"),
        asked.get("post_only", False),
        asked.get("stp", _DC),
    )
    try:
        return _terms(*words)
    except TypeError:
        return None


# By type as well: 1 is no `true` that is written plainly.
@lru_cache(maxsize=256, typed=True)
def _terms(
    kind: Any, side: Any, time_in_force: Any, post_only: Any, self_trade: Any
) -> Mapping[str, Any] | None:
    """What an order says in words; None where they are not those of a plain one."""
    time = _TIMES.get(time_in_force)
    if kind != _LIMIT or side not in _SIDES or self_trade not in _SELF_TRADES or time is None:
        return None
    if type(post_only) is not bool or (post_only and time not in RESTING):
        return None
    return {
        "side": _SIDES[side],
        "time_in_force": time,
        "post_only": post_only,
        "self_trade": _SELF_TRADES[self_trade],
    }


def plain_texts(
    commands: Iterable[Command], owner: Owner, product: Product, *, rest: bool
) -> list[str]:
    """The JSON that `OrderOutput` gives for the orders of plain commands that were accepted: they
    `rest` as they were placed, or nobody knows yet."""
    profile = profile_text(owner.pk)
    name = names.product_id(product.base.code, product.quote.code)
    status = OrderStatus.OPEN if rest else PENDING
    return [_text(vars(command), status, profile, name) for command in commands]


def _text(command: Mapping[str, Any], status: int, profile: str, name: str) -> str:
    """An order looks like any other of its terms, but for what is filled in."""
    client_oid = command["client_oid"]
    form = _form(
        status,
        command["side"],
        command["time_in_force"],
        command["post_only"],
        command["self_trade"],
        client_oid is not None,
    )
    return form % {
        "id": order_text(command["id"]),
        "client_oid": client_oid,
        "product_id": name,
        "profile_id": profile,
        "price": text_from_micro(command["price"]),
        "size": text_from_micro(command["size"]),
        "created_at": _time_text(command["created_at"]),
    }


# All orders of a batch are accepted at the same moment.
_time_text: Final = lru_cache(maxsize=16)(dialect.time_text)


@cache
def _form(
    status: int, side: int, time_in_force: int, post_only: bool, self_trade: int, is_named: bool
) -> str:
    """The text of such an order, with `%(name)s` for each thing that is an order's own."""
    assets = [Asset(code=code) for code in ("BASE-OF-FORM", "QUOTE-OF-FORM")]
    sample = command_make(
        id=id_make(7, 7_777_777),
        product_id=7,
        kind=CommandKind.PLACE,
        owner_id=7_777_777,
        client_oid="client-of-form" if is_named else None,
        side=side,
        order_type=OrderType.LIMIT,
        price=7_654_321_000_001,
        size=8_765_432_000_001,
        time_in_force=time_in_force,
        post_only=post_only,
        self_trade=self_trade,
        created_at=datetime(1999, 9, 9, 9, 9, 9, 9, tzinfo=UTC),
    )
    order = order_pending(sample)
    order.status = status
    order.product = Product(pk=7, base=assets[0], quote=assets[1])
    body = orders_body([order])[0]
    text = JSONRenderer().render(body).decode().replace("%", "%%")
    for name in _OWN:
        if name in body:
            value = JSONRenderer().render(body[name]).decode()
            assert text.count(value) == 1, "each stands in the text just once"
            text = text.replace(value, f'"%({name})s"')
    return text
