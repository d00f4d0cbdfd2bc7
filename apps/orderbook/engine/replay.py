"""Rebuild a book from its journal alone, holding every event against what the book says now."""

from __future__ import annotations

import json
from typing import Any

from apps.orderbook.engine.book import Book, Step
from apps.orderbook.engine.book.words import NOT_OPEN
from apps.orderbook.engine.command import CANCEL, CANCEL_ALL, PLACE, Command, order_of
from apps.orderbook.engine.journal import (
    SELF_TRADES,
    SIDES,
    TIMES_IN_FORCE,
    TYPES,
    cancel_body,
    place_body,
)

KINDS = {"place": PLACE, "cancel": CANCEL, "cancel_all": CANCEL_ALL}


class ReplayDiffers(Exception):
    """The book decides otherwise than the journal says."""


def replay(book: Book, body: str) -> None:
    """Apply one event to the book. Raises ReplayDiffers when it comes to something else."""
    event = json.loads(body)
    command = _command(event)
    again = _place(book, event, command) if command.kind == PLACE else _cancel(book, event, command)
    if again != body:
        raise ReplayDiffers(f"journal: {body}\n   book: {again}")


def _command(event: dict[str, Any]) -> Command:
    kind, asked = KINDS[event["kind"]], event["asked"]
    places = kind == PLACE
    return Command(
        id=event["command"],
        kind=kind,
        owner=asked["owner"],
        side=SIDES.index(asked["side"]) if places else None,
        order_type=TYPES.index(asked["type"]) if places else None,
        price=asked.get("price"),
        size=asked.get("size"),
        funds=asked.get("funds"),
        time_in_force=TIMES_IN_FORCE.index(asked["time_in_force"]) if places else None,
        post_only=asked.get("post_only"),
        self_trade=SELF_TRADES.index(asked["self_trade"]) if places else None,
        target=asked.get("target"),
        client_oid=asked.get("client_oid"),
        created_at="",
    )


def _place(book: Book, event: dict[str, Any], command: Command) -> str:
    given = event["given"]
    order = order_of(command, given["maker_bps"], given["taker_bps"])
    steps: list[Step] = []
    if given["open"]:
        steps = book.place(order, given["available"], command.funds)
    else:
        book.refuse(order, NOT_OPEN)
    return place_body(
        command,
        order,
        steps,
        at_us=given["at"],
        available=given["available"],
        is_open=given["open"],
    )


def _cancel(book: Book, event: dict[str, Any], command: Command) -> str:
    if command.target is None:
        orders = book.cancel_all(command.owner)
    else:
        order = book.cancel(command.owner, command.target)
        orders = [order] if order else []
    return cancel_body(command, orders, at_us=event["given"]["at"])
