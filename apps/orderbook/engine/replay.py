"""Rebuild a book from its journal alone, holding every event against what the book says now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from apps.orderbook.engine import journal
from apps.orderbook.engine.book import Book, Rules, Turn
from apps.orderbook.engine.command import (
    AMEND,
    CANCEL,
    CANCEL_ALL,
    CHANGE,
    PLACE,
    SET_SWITCH,
    STATE,
    TIME,
    Command,
    order_of,
)

KINDS = {
    "place": PLACE,
    "cancel": CANCEL,
    "cancel_all": CANCEL_ALL,
    "time": TIME,
    "set_switch": SET_SWITCH,
    "amend": AMEND,
    "change": CHANGE,
    "state": STATE,
}


class ReplayDiffers(Exception):
    """The book decides otherwise than the journal says."""


def replay(book: Book, body: str) -> None:
    """Apply one event to the book. Raises ReplayDiffers when it comes to something else."""
    event = json.loads(body)
    command = command_of(event)
    due = ",".join(filter(None, _before(book, event)))
    again = _again(book, event, command, due)
    if again != body:
        raise ReplayDiffers(f"journal: {body}\n   book: {again}")


def _before(book: Book, event: dict[str, Any]) -> Iterator[str]:
    at_us = event["given"]["at"]
    if not book.event_number:
        first: dict[str, Any] = next(iter(event.get("due", ())), {})
        if "rules" in first:
            book.begin(Rules(**first["rules"]), journal.STATES.index(first["state"]))
            yield journal.beginning_text(book)
    yield journal.orders_text(book.expire(at_us))
    while turn := book.turn_due(at_us):
        yield _turned(book, turn)
        yield journal.orders_text(book.expire(at_us))


def _turned(book: Book, turn: Turn) -> str:
    return _with_stops(book, journal.turn_text(turn))


def _again(book: Book, event: dict[str, Any], command: Command, due: str) -> str:
    at_us = event["given"]["at"]
    if command.kind == PLACE:
        return _place(book, event, command, due)
    if command.kind == AMEND:
        return _amend(book, event, command, due)
    if command.kind == SET_SWITCH:
        falls_us = event["result"]["falls"]
        book.set_switch(command.owner, falls_us)
        return journal.switch_body(command, due, at_us=at_us, falls_us=falls_us)
    if command.kind == CHANGE:
        rules, state, _ = journal.changed(book.rules, command.rules or "{}")
        turn = book.change(rules, state, at_us)
        text = _turned(book, turn) if turn else ""
        return journal.change_body(command, text, due, at_us=at_us)
    if command.kind == TIME:
        book.pass_time()
        return journal.time_body(command, due, at_us=at_us)
    if command.kind == STATE:
        book.pass_time()
        return journal.state_body(command, due, at_us=at_us, state=book.state_hash())
    return _cancel(book, event, command, due)


def command_of(event: dict[str, Any]) -> Command:
    """The command that an event says it carried out, apart from when it was accepted."""
    kind, asked = KINDS[event["kind"]], event["asked"]
    places = kind == PLACE
    return Command(
        id=event["command"],
        kind=kind,
        owner=asked.get("owner", 0),
        side=journal.SIDES.index(asked["side"]) if places else None,
        order_type=journal.TYPES.index(asked["type"]) if places else None,
        price=asked.get("price"),
        size=asked.get("size"),
        funds=asked.get("funds"),
        time_in_force=journal.TIMES_IN_FORCE.index(asked["time_in_force"]) if places else None,
        post_only=asked.get("post_only"),
        self_trade=journal.SELF_TRADES.index(asked["self_trade"]) if places else None,
        target=asked.get("target"),
        client_oid=asked.get("client_oid"),
        created_at=0,
        entity=asked.get("entity"),
        stop=journal.STOPS.index(asked["stop"]) if "stop" in asked else None,
        stop_price=asked.get("stop_price"),
        expires_us=asked.get("expires"),
        timeout_s=asked.get("timeout"),
        display_size=asked.get("display"),
        slippage_bps=asked.get("slippage_bps"),
        rules=_json(asked["rules"]) if "rules" in asked else None,
    )


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _place(book: Book, event: dict[str, Any], command: Command, due: str) -> str:
    given = event["given"]
    order = order_of(command, given["maker_bps"], given["taker_bps"])
    steps = book.place(order, given["available"], given["at"])
    body = journal.place_body(
        command, order, steps, due, at_us=given["at"], available=given["available"]
    )
    return _with_stops(book, body)


def _amend(book: Book, event: dict[str, Any], command: Command, due: str) -> str:
    at_us, available = event["given"]["at"], event["given"]["available"]
    found = book.amend(
        command.owner, command.target or 0, command.price, command.size, available, at_us
    )
    body = journal.amend_body(command, found, due, at_us=at_us, available=available)
    return _with_stops(book, body)


def _with_stops(book: Book, body: str) -> str:
    then = []
    while book.may_activate:
        then.append(journal.activation_text(book.activate_next()))
    return journal.with_activations(body, then) if then else body


def _cancel(book: Book, event: dict[str, Any], command: Command, due: str) -> str:
    if command.target is None:
        orders = book.cancel_all(command.owner)
    else:
        order = book.cancel(command.owner, command.target)
        orders = [order] if order else []
    canceled = journal.orders_text(orders)
    return journal.cancel_body(command, due, canceled, at_us=event["given"]["at"])
