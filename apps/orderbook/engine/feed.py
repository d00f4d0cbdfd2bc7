"""The market data messages of an event, in the words of the Coinbase Exchange full channel.

A pure function of the journal: whoever missed messages can make them again from the events.
Amounts stay integers of micro-units here; decimals are for the edge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Message = dict[str, Any]

# Refused orders were never received: the market does not hear of them.
REFUSED = frozenset(
    {
        "insufficient_funds",
        "post_only",
        "not_open",
        "invalid",
        "expired",
        "out_of_limits",
        "out_of_band",
    }
)


def messages_of(body: str, *, product: str, sequence: int) -> list[Message]:
    """What the market hears of an event whose predecessor ended at `sequence`.

    Each message has the next sequence number, so that a consumer sees when it missed one.
    """
    event = json.loads(body)
    messages = [message for before in event.get("due", ()) for message in _before(before)]
    if event["kind"] == "place":
        messages += _place(event) + _set_off(event)
    elif event["kind"] == "amend":
        messages += _amend(event["result"]) + _set_off(event)
    elif event["kind"] == "change":
        messages += turn_messages(event["result"]["turn"])
    else:
        messages += _ended(event["result"].get("canceled", ()))
    for number, message in enumerate(messages, sequence + 1):
        message |= {"product_id": product, "sequence": number, "time": event["given"]["at"]}
    return messages


def _before(before: dict[str, Any]) -> list[Message]:
    """What came before the command: an order ended, a state of the market, or its beginning."""
    return _ended([before]) if "order" in before else turn_messages(before)


def turn_messages(turn: dict[str, Any] | None) -> list[Message]:
    """What the market hears of an auction that ended, and of the stop orders that it set off."""
    if turn is None:
        return []
    crossed = [message for cross in turn.get("crosses", ()) for message in _cross(cross)]
    return crossed + _set_off(turn)


def _cross(cross: dict[str, Any]) -> list[Message]:
    maker, taker, messages = cross["maker"], cross["taker"], []
    if cross["trade"]:
        messages.append(
            {
                "type": "match",
                "trade_id": cross["trade"],
                "maker_order_id": maker["order"],
                "taker_order_id": taker["order"],
                "side": maker["side"],
                "size": cross["size"],
                "price": cross["price"],
            }
        )
    for party in (maker, taker):
        if party["fresh"]:
            messages.append(_shown(party, party))
        elif not party["left"]:
            messages.append(_done(party, "filled" if cross["trade"] else "canceled", 0))
        elif cross["size"] and not cross["trade"]:
            messages.append(_decreased(party, cross["size"]))
    return messages


def _ended(orders: Iterable[dict[str, Any]]) -> list[Message]:
    """Of a stop order that waited the market has not heard, nor does it now."""
    return [_done(o, "canceled", o["remaining"]) for o in orders if "parked" not in o]


def _place(event: dict[str, Any]) -> list[Message]:
    asked, result, given = event["asked"], event["result"], event["given"]
    messages: list[Message] = []
    is_refused = result["done"] in REFUSED and not result["steps"]
    if not is_refused and "parked" not in result:
        fees = {name: given[name] for name in ("maker_bps", "taker_bps")}
        messages = _came_in(event["command"], asked | fees, result)
    return messages


def _set_off(event: dict[str, Any]) -> list[Message]:
    messages: list[Message] = []
    for order in event.get("then", ()):
        messages += _came_in(order["order"], order | {"client_oid": None}, order)
    return messages


def _amend(result: dict[str, Any]) -> list[Message]:
    """A change, and what it traded on the way."""
    if "refused" in result:
        return []
    steps = result["steps"]
    traded = sum(step.get("size", step.get("decreased", 0)) for step in steps)
    came_in = result["remaining"] + traded
    change = {
        "type": "change",
        "reason": "modify_order",
        "order_id": result["order"],
        "side": result["side"],
        "price": result["price"],
        "old_price": result["old_price"],
        "new_price": result["price"],
        "old_size": result["old_remaining"],
        "new_size": came_in,
    }
    if not steps and result["done"] is None:
        return [change]
    return [change, *_met(result["order"], result, result)]


def _came_in(order_id: int, asked: dict[str, Any], result: dict[str, Any]) -> list[Message]:
    """An order that met the book, as it was asked for and what came of it."""
    messages: list[Message] = [
        {
            "type": "received",
            "order_id": order_id,
            "order_type": asked["type"],
            "side": asked["side"],
            "price": asked["price"],
            "size": _in_sight(asked),
            "funds": asked["funds"],
            "client_oid": asked["client_oid"],
            # For the owner's own feed alone: the public's leaves these and client_oid out.
            "owner": asked["owner"],
            "maker_bps": asked["maker_bps"],
            "taker_bps": asked["taker_bps"],
        }
    ]
    return messages + _met(order_id, asked, result)


def _in_sight(asked: dict[str, Any]) -> int | None:
    """Nobody hears how much of an iceberg there is."""
    size: int | None = asked["size"]
    return min(size, asked["display"]) if size and "display" in asked else size


def _met(order_id: int, asked: dict[str, Any], result: dict[str, Any]) -> list[Message]:
    """The steps of an order that met the book, and what is left of it."""
    done, messages = result["done"], []
    maker_side = "sell" if asked["side"] == "buy" else "buy"
    for step in result["steps"]:
        messages += _step(step, order_id, maker_side)
    last = {"order": order_id, "side": asked["side"], "price": asked["price"]}
    if done is None:
        opened = {"type": "open", "order_id": order_id, "side": asked["side"]}
        messages.append(opened | {"price": asked["price"], "remaining_size": result["remaining"]})
    else:
        reason = "filled" if done == "filled" else "canceled"
        messages.append(_done(last, reason, result["remaining"]))
    return messages


def _step(step: dict[str, Any], taker: int, maker_side: str) -> list[Message]:
    maker = {"order": step["maker"], "side": maker_side, "price": step["price"]}
    if "trade" in step:
        match = {
            "type": "match",
            "trade_id": step["trade"],
            "maker_order_id": step["maker"],
            "taker_order_id": taker,
            "side": maker_side,
            "size": step["size"],
            "price": step["price"],
        }
        if step["left"]:
            return [match]
        return [match, _shown(maker, step) if "fresh" in step else _done(maker, "filled", 0)]
    if step["canceled"]:
        return [_done(maker, "canceled", step["left"])]
    if not step["decreased"]:
        return []
    change = _decreased(maker | {"left": step["left"]}, step["decreased"])
    return [change, _shown(maker, step)] if "fresh" in step else [change]


def _decreased(order: dict[str, Any], size: int) -> Message:
    """Self-trade prevention made an order smaller."""
    return {
        "type": "change",
        "reason": "STP",
        "order_id": order["order"],
        "side": order["side"],
        "price": order["price"],
        "old_size": order["left"] + size,
        "new_size": order["left"],
    }


def _shown(maker: dict[str, Any], step: dict[str, Any]) -> Message:
    """More of an iceberg, behind everybody at its price."""
    return {
        "type": "open",
        "order_id": maker["order"],
        "side": maker["side"],
        "price": maker["price"],
        "remaining_size": step["fresh"],
    }


def _done(order: dict[str, Any], reason: str, remaining: int | None) -> Message:
    return {
        "type": "done",
        "order_id": order["order"],
        "side": order["side"],
        "price": order["price"],
        "reason": reason,
        "remaining_size": remaining,
    }
