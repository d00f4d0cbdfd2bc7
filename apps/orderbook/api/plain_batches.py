"""Batches that are plainly right, which most are: plain orders in one market, signed by a key.

The answer is that of `BatchView`. What is not plain is for the view: it is told None here, and
nothing is written yet.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from apps.orderbook.api.plain_orders import plain_reader, plain_texts
from apps.orderbook.models import Command, Product
from apps.orderbook.selectors.products import product_by_name
from apps.orderbook.services.backlog import backlog_s
from apps.orderbook.services.batches import BATCH_MAX, commands_accept
from apps.orderbook.services.verdicts import verdict_rests, verdict_wait

_JSON: Final = "application/json"
_ALLOW: Final = {"Allow": ", ".join(BatchView().allowed_methods)}
NAME_CHARS_MAX: Final = 60


def batch_told(request: HttpRequest) -> Told | None:
    """The answer to a batch of plain orders; None if it is not one."""
    placed = _orders(request) if _is_plain(request) else None
    if placed is None:
        return None
    who = admitted(request, cost=batch_cost(len(placed)), scope=TRADE)
    product = _market(placed[0].get("product_id")) if who else None
    if who is None or product is None:
        return None
    read = plain_reader(who.owner, who.user, product, placed[0]["product_id"])
    commands = [command for command in map(read, placed) if command is not None]
    if len(commands) < len(placed):
        return None
    try:
        return _accepted(request, who, product, commands)
    except Exception as error:
        # Something may have been written: the view would write it again.
        return _refused(exception_handler(error, {"request": request}))


def _refused(response: Response) -> Told:
    # It is not rendered: its type is not that of what it will be.
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return Told(JSONRenderer().render(response.data), _ALLOW | headers, response.status_code)


def _accepted(
    request: HttpRequest, who: Acting, product: Product, commands: Sequence[Command]
) -> Told:
    accepted = commands_accept(owner=who.owner, commands=commands)
    wait_s, preferred = wait_s_of(request), wait_s_preferred(request)
    verdict_wait(command_ids=[command.pk for command in accepted], timeout_s=wait_s)
    headers = _ALLOW if preferred is None else {**_ALLOW, APPLIED: wait_told(preferred)}
    is_like_the_others = verdict_rests if wait_s else _is_fresh
    if all(map(is_like_the_others, accepted)):
        texts = plain_texts(accepted, who.owner, product, rest=wait_s > 0)
        orders = "},{".join(f'"order":{text}' for text in texts)
        return Told(f'{{"results":[{{{orders}}}]}}'.encode(), headers)
    results = batch_results(who, accepted, at_acceptance=wait_s == 0)
    return Told(JSONRenderer().render({"results": results}), headers)


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


def _orders(request: HttpRequest) -> list[dict[str, Any]] | None:
    """What the batch places, if it does nothing else."""
    try:
        data = json_exact(request.body)
    except ParseError:
        return None
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
