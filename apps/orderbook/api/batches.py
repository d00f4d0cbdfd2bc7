"""Many places and cancels in one request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, TypeAlias

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import Acting, acting
from apps.accounts.api.errors import exception_handler
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent, key_of, replay_tell
from apps.accounts.errors import ServiceError
from apps.orderbook.api.base import (
    PREFER,
    DialectView,
    checked,
    errors,
    wait_applied,
    wait_s_of,
)
from apps.orderbook.api.order_io import (
    OrderOutput,
    PlaceInput,
    ProductOf,
    order_asked,
    orders_body,
)
from apps.orderbook.api.orders import order_id_of, refusal_raise
from apps.orderbook.models import Command, Order
from apps.orderbook.models.enums import CommandKind
from apps.orderbook.selectors.orders import order_of, order_of_client_oid, orders_of_commands
from apps.orderbook.selectors.products import product_by_name
from apps.orderbook.services.batches import BATCH_MAX, Cancel, Place, batch_accept
from apps.orderbook.services.batches import Request as BatchRequest
from apps.orderbook.services.commands import order_not_found
from apps.orderbook.services.verdicts import verdict_wait

REQUESTS_PER_TOKEN: Final = 20

# What was accepted, or the error that the API tells instead.
Accepted: TypeAlias = Command | dict[str, Any]


def batch_cost(size: int) -> int:
    """The tokens that so many requests in one take."""
    return math.ceil(size / REQUESTS_PER_TOKEN)


class CancelInput(serializers.Serializer[Any]):
    """An order by our id or by the client's own."""

    id = serializers.CharField(required=False, max_length=60)
    client_oid = serializers.CharField(required=False, max_length=100)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Name an id or a client_oid."))
        return attrs


class BatchView(DialectView):
    """Places and cancels, up to 100 at a time."""

    def cost_of(self, request: Request) -> int:
        """As many as this go for one token of the caller's bucket."""
        asked = request.data.get("requests") if isinstance(request.data, Mapping) else None
        return batch_cost(len(asked)) if asked and isinstance(asked, list) else 1

    class BatchInput(serializers.Serializer[Any]):
        class RequestInput(serializers.Serializer[Any]):
            place = serializers.DictField(required=False, help_text="As for POST /orders.")
            cancel = serializers.DictField(required=False, help_text="An id or a client_oid.")

        requests = serializers.ListField(
            child=RequestInput(), allow_empty=False, max_length=BATCH_MAX
        )

    class BatchOutput(serializers.Serializer[Any]):
        class ResultOutput(serializers.Serializer[Any]):
            order = OrderOutput(required=False)
            error = serializers.DictField(required=False)

        results = ResultOutput(many=True)

    @extend_schema(
        request=BatchInput,
        parameters=[PREFER, IDEMPOTENCY_KEY],
        responses={200: BatchOutput, **errors(400, 401, 403, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Carries out all that can be, in this order, and says in the same order what came of
        each: an order as it stands, or an error."""
        if key_of(request) is None:
            return self._answer(request, self._accept(request))
        remembered = self._accept_once(request)
        return replay_tell(remembered, self._answer(request, _recalled(remembered.data)))

    def _answer(self, request: Request, accepted: Sequence[Accepted]) -> Response:
        ids = [one.pk for one in accepted if isinstance(one, Command)]
        wait_s = wait_s_of(request)
        verdict_wait(command_ids=ids, timeout_s=wait_s)
        results = batch_results(acting(request), accepted, at_acceptance=wait_s == 0)
        return wait_applied(request, Response({"results": results}))

    @idempotent
    def _accept_once(self, request: Request) -> Response:
        """What is remembered is which commands they were: what has come of them is told anew."""
        accepted = self._accept(request)
        return Response([one.pk if isinstance(one, Command) else one for one in accepted])

    def _accept(self, request: Request) -> list[Accepted]:
        asked, who = _requests_asked(request.data), acting(request)
        product_of = cache(product_by_name)
        outcomes = batch_accept(
            owner=who.owner,
            user=who.user,
            requests=[_request(who, one, product_of) for one in asked],
        )
        return [one if isinstance(one, Command) else _told(one) for one in outcomes]


def _requests_asked(data: Any) -> Any:
    """The requests of a BatchInput: nothing in those of most batches needs the serializer."""
    asked = data.get("requests") if type(data) is dict else None
    if type(asked) is list and 0 < len(asked) <= BATCH_MAX and all(map(_is_plain, asked)):
        return asked
    return checked(BatchView.BatchInput, data)["requests"]


def _is_plain(asked: Any) -> bool:
    """Is it one object under one name?"""
    return type(asked) is dict and len(asked) == 1 and type(next(iter(asked.values()))) is dict


def _told(error: ServiceError) -> dict[str, Any]:
    told: dict[str, Any] = exception_handler(error, {}).data
    return told


def _recalled(remembered: Sequence[int | dict[str, Any]]) -> list[Accepted]:
    ids = [one for one in remembered if isinstance(one, int)]
    commands = Command.objects.select_related("product__base", "product__quote").in_bulk(ids)
    return [commands[one] if isinstance(one, int) else one for one in remembered]


def _request(who: Acting, asked: Mapping[str, Any], product_of: ProductOf) -> BatchRequest:
    """What is wrong with it in itself, a request alone would be told as well."""
    try:
        if asked.keys() == {"place"}:
            return Place(order_asked(checked(PlaceInput, asked["place"]), product_of))
        if asked.keys() == {"cancel"}:
            return Cancel(partial(_order_named, who, checked(CancelInput, asked["cancel"])))
    except serializers.ValidationError as error:
        problem = exception_handler(error, {}).data
        field = problem.get("field")
        return ServiceError(problem["message"], code=problem["code"], field=field)
    except ServiceError as refusal:
        return refusal
    return ServiceError(_("A request of a batch is either a place or a cancel."))


def _order_named(who: Acting, named: Mapping[str, str]) -> int:
    if "id" in named:
        return order_id_of(named["id"])
    order = order_of_client_oid(who.owner, named["client_oid"])
    if order is None:
        raise order_not_found()
    return order.pk


def batch_results(
    who: Acting, accepted: Sequence[Accepted], *, at_acceptance: bool
) -> list[dict[str, Any]]:
    """What has come of each, as a BatchOutput has it."""
    commands = [one for one in accepted if isinstance(one, Command)]
    places = [command for command in commands if command.kind == CommandKind.PLACE]
    orders = iter(orders_of_commands(places, at_acceptance=at_acceptance))
    told = [
        next(orders) if one.kind == CommandKind.PLACE else _order_aimed_at(who, one)
        for one in commands
    ]
    bodies = iter(orders_body(told))
    by_place = zip(commands, told, strict=True)
    return [
        _result(*next(by_place), next(bodies)) if isinstance(one, Command) else {"error": one}
        for one in accepted
    ]


def _order_aimed_at(who: Acting, cancel: Command) -> Order:
    order = order_of(who.owner, cancel.target or 0)
    assert order is not None, "it was there when the command was accepted"
    return order


def _result(command: Command, order: Order, body: dict[str, Any]) -> dict[str, Any]:
    if command.kind == CommandKind.PLACE:
        try:
            refusal_raise(order)
        except ServiceError as refusal:
            return {"error": _told(refusal)}
    return {"order": body}
