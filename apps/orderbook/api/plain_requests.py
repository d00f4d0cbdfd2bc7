"""Orders and batches that are plainly right, which most are: plain orders in one market, signed by
a key.

The answers are those of `OrdersView` and `BatchView`. What is not plain is for the view: it is told
None here, and nothing is written yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from apps.accounts.acting import TRADE, Acting
from apps.accounts.api.admission import admitted
from apps.accounts.api.errors import exception_handler
from apps.accounts.api.idempotency import HEADER as IDEMPOTENCY_KEY
from apps.accounts.api.parsers import json_exact
from apps.accounts.api.told import Told
from apps.accounts.errors import NotFound
from apps.orderbook.api.base import APPLIED, wait_s_of, wait_s_preferred, wait_told
from apps.orderbook.api.batches import BatchView, batch_cost, batch_results
from apps.orderbook.api.order_io import orders_body
from apps.orderbook.api.orders import OrdersView, refusal_raise
from apps.orderbook.api.plain_orders import plain_reader, plain_texts
from apps.orderbook.models import Command, Product
from apps.orderbook.selectors.orders import order_of_command
from apps.orderbook.selectors.products import product_by_name
from apps.orderbook.services.backlog import backlog_s
from apps.orderbook.services.batches import BATCH_MAX, commands_accept
from apps.orderbook.services.verdicts import verdict_rests, verdict_wait

_JSON: Final = "application/json"
_ORDERS_ALLOW: Final = {"Allow": ", ".join(OrdersView().allowed_methods)}
_BATCH_ALLOW: Final = {"Allow": ", ".join(BatchView().allowed_methods)}
NAME_CHARS_MAX: Final = 60

Tell = Callable[["Placing"], bytes]


@dataclass(frozen=True, slots=True)
class Placing:
    """Plain orders that were let in, in one market; nothing is written yet."""

    who: Acting
    product: Product
    commands: Sequence[Command]
    wait_s: int

    def texts(self, accepted: Sequence[Command]) -> list[str] | None:
        """The orders in JSON, if each is like any other: it rests, or nobody wants to know yet."""
        rest = self.wait_s > 0
        if not all(map(verdict_rests if rest else _is_fresh, accepted)):
            return None
        return plain_texts(accepted, self.who.owner, self.product, rest=rest)

    def accepted(self) -> Sequence[Command]:
        """The commands, once their engine has answered or the wait is over."""
        accepted = commands_accept(owner=self.who.owner, commands=self.commands)
        verdict_wait(command_ids=[command.pk for command in accepted], timeout_s=self.wait_s)
        return accepted


def order_told(request: HttpRequest) -> Told | None:
    """The answer to `POST /orders`; None if it is not a plain order."""
    asked = _body(request)
    return _told(request, [asked], 1, _order_tell, _ORDERS_ALLOW) if type(asked) is dict else None


def batch_told(request: HttpRequest) -> Told | None:
    """The answer to a batch of plain orders; None if it is not one."""
    placed = _placed(_body(request))
    cost = batch_cost(len(placed)) if placed else 0
    return _told(request, placed, cost, _batch_tell, _BATCH_ALLOW) if placed else None


def _told(
    request: HttpRequest,
    placed: Sequence[dict[str, Any]],
    cost: int,
    tell: Tell,
    allow: Mapping[str, str],
) -> Told | None:
    placing = _placing(request, placed, cost)
    if placing is None:
        return None
    try:
        body = tell(placing)
    except Exception as error:
        # Something may have been written: the view would write it again.
        return _refused(exception_handler(error, {"request": request}), allow)
    preferred = wait_s_preferred(request)
    headers = allow if preferred is None else {**allow, APPLIED: wait_told(preferred)}
    return Told(body, headers)


def _placing(request: HttpRequest, placed: Sequence[dict[str, Any]], cost: int) -> Placing | None:
    who = admitted(request, cost=cost, scope=TRADE)
    name: Any = placed[0].get("product_id")
    product = _market(name) if who else None
    if who is None or product is None:
        return None
    read = plain_reader(who.owner, who.user, product, name)
    commands = [command for command in map(read, placed) if command is not None]
    if len(commands) < len(placed):
        return None
    return Placing(who, product, commands, wait_s_of(request))


def _order_tell(placing: Placing) -> bytes:
    (command,) = placing.accepted()
    if placing.wait_s and (texts := placing.texts([command])):
        return texts[0].encode()
    order = order_of_command(command)
    refusal_raise(order)
    return _rendered(orders_body([order])[0])


def _batch_tell(placing: Placing) -> bytes:
    accepted = placing.accepted()
    if texts := placing.texts(accepted):
        orders = "},{".join(f'"order":{text}' for text in texts)
        return f'{{"results":[{{{orders}}}]}}'.encode()
    results = batch_results(placing.who, accepted, at_acceptance=placing.wait_s == 0)
    return _rendered({"results": results})


def _rendered(data: Any) -> bytes:
    body: bytes = JSONRenderer().render(data)
    return body


def _refused(response: Response, allow: Mapping[str, str]) -> Told:
    # It is not rendered: its type is not that of what it will be.
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return Told(_rendered(response.data), {**allow, **headers}, response.status_code)


def _is_fresh(command: Command) -> bool:
    """Nobody knows more of it than that it was accepted."""
    return command.is_fresh


def _is_plain(request: HttpRequest) -> bool:
    """Is it JSON, asks for JSON, and may not be repeated?"""
    headers = request.META
    return (
        headers.get("CONTENT_TYPE") == _JSON
        and headers.get("HTTP_ACCEPT", "*/*") in ("*/*", _JSON)
        and not headers["QUERY_STRING"]
        and f"HTTP_{IDEMPOTENCY_KEY.upper().replace('-', '_')}" not in headers
        and "HTTP_CB_ACCESS_KEY" in headers
    )


def _body(request: HttpRequest) -> Any:
    """What a plain request says; None for any other."""
    try:
        return json_exact(request.body) if _is_plain(request) else None
    except ParseError:
        return None


def _placed(data: Any) -> list[dict[str, Any]] | None:
    """What a batch places, if it does nothing else."""
    asked = data.get("requests") if type(data) is dict else None
    if type(asked) is not list or not 0 < len(asked) <= BATCH_MAX:
        return None
    placed: list[Any] = [one.get("place") for one in asked if type(one) is dict and len(one) == 1]
    is_whole = len(placed) == len(asked) and all(type(one) is dict for one in placed)
    return placed if is_whole else None


def _market(name: Any) -> Product | None:
    """The market, if it takes orders of every kind at the moment."""
    if type(name) is not str or not 0 < len(name) <= NAME_CHARS_MAX or name.strip() != name:
        return None
    try:
        product = product_by_name(name)
    except NotFound:
        return None
    is_open = product.state == Product.State.OPEN
    return product if is_open and backlog_s(product.pk) <= settings.JOURNAL_BEHIND_S_MAX else None
