"""Placing, looking up and cancelling orders."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.errors import InsufficientFunds, NotFound, ServiceError
from apps.accounts.models import Owner
from apps.orderbook.api.base import (
    PREFER,
    DialectView,
    checked,
    errors,
    page_response,
    wait_applied,
    wait_s_of,
)
from apps.orderbook.api.order_io import (
    STATUSES_ASKED,
    AmendInput,
    OrderOutput,
    OrdersQuery,
    PlaceInput,
    order_asked,
    orders_body,
)
from apps.orderbook.ids import order_id_from_uuid, order_uuid
from apps.orderbook.models import Command, Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus
from apps.orderbook.paging import Positions
from apps.orderbook.selectors.orders import (
    STILL_OPEN,
    OrderSearch,
    amend_refusal_of,
    order_of,
    order_of_client_oid,
    order_of_command,
    order_resting,
    orders_canceled_by,
    orders_of,
)
from apps.orderbook.selectors.products import product_by_name
from apps.orderbook.services.checks import InvalidOrder, MarketHalted
from apps.orderbook.services.commands import (
    OrderDone,
    order_amend,
    order_cancel,
    order_not_found,
    order_place,
    orders_cancel_all,
)
from apps.orderbook.services.verdicts import verdict_rests, verdict_wait

PRODUCT_ID = OpenApiParameter("product_id", str, description="Only in this market.")


class OrdersView(DialectView):
    """The owner's orders."""

    @extend_schema(
        parameters=[OrdersQuery],
        responses={200: OrderOutput(many=True), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        """Orders, latest first; the open ones unless `status` asks for others."""
        query = checked(OrdersQuery, request.query_params)
        asked = [STATUSES_ASKED[word] for word in query.get("status", ())]
        name = query.get("product_id")
        search = OrderSearch(
            product=product_by_name(name) if name else None,
            statuses=frozenset().union(*asked) or STILL_OPEN,
            since=query.get("start_date"),
            until=query.get("end_date"),
            after=_positions(query.get("after")),
            before=_positions(query.get("before")),
            limit=query["limit"],
        )
        page = orders_of(acting(request).owner, search)
        return page_response(page, orders_body(page.rows))

    @extend_schema(
        request=PlaceInput,
        parameters=[PREFER],
        responses={200: OrderOutput, **errors(400, 401, 403, 404, 503)},
    )
    def post(self, request: Request) -> Response:
        """Places an order. A client_oid used before returns the order it named first."""
        values, who = checked(PlaceInput, request.data), acting(request)
        command = order_place(owner=who.owner, user=who.user, **order_asked(values))
        verdict_wait(command_ids=[command.pk], timeout_s=wait_s_of(request))
        rests = verdict_rests(command)
        order = order_resting(command) if rests else order_of_command(command)
        refusal_raise(order)
        return wait_applied(request, Response(orders_body([order])[0]))

    @extend_schema(
        operation_id="orders_cancel_all",
        parameters=[PREFER, PRODUCT_ID],
        responses={
            200: {"type": "array", "items": {"type": "string", "format": "uuid"}},
            **errors(400, 401, 403, 404),
        },
    )
    def delete(self, request: Request) -> Response:
        """Cancels all open orders, in one market or in all, and answers with their ids."""
        who, product = acting(request), _product_named(request)
        commands = orders_cancel_all(owner=who.owner, user=who.user, product=product)
        verdict_wait(command_ids=[command.pk for command in commands], timeout_s=wait_s_of(request))
        ids = [str(order_uuid(pk)) for pk in orders_canceled_by(commands)]
        return wait_applied(request, Response(ids))


class OrderView(DialectView):
    """One order, by our id."""

    # An order is cancelled once: a copied request finds it gone.
    repeatable = frozenset({"DELETE"})

    @extend_schema(responses={200: OrderOutput, **errors(400, 401, 403, 404)})
    def get(self, request: Request, order: str) -> Response:
        """The order as it stands."""
        return _order_response(order_of(acting(request).owner, order_id_of(order)))

    @extend_schema(
        parameters=[PREFER],
        responses={200: {"type": "string", "format": "uuid"}, **errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, order: str) -> Response:
        """Cancels the order and answers with its id."""
        return _cancel(request, order_id_of(order))

    @extend_schema(
        request=AmendInput,
        parameters=[PREFER],
        responses={200: OrderOutput, **errors(400, 401, 403, 404, 503)},
    )
    def put(self, request: Request, order: str) -> Response:
        """Changes the price or the size. A smaller size keeps the place in the queue."""
        values, who = checked(AmendInput, request.data), acting(request)
        order_id = order_id_of(order)
        command = order_amend(owner=who.owner, user=who.user, order_id=order_id, **values)
        if verdict_wait(command_ids=[command.pk], timeout_s=wait_s_of(request)):
            _amended_check(command)
        return wait_applied(request, _order_response(order_of(who.owner, order_id)))


class ClientOrderView(DialectView):
    """One order, by the client's own id."""

    repeatable = frozenset({"DELETE"})

    @extend_schema(responses={200: OrderOutput, **errors(401, 403, 404)})
    def get(self, request: Request, client_oid: str) -> Response:
        """The order as it stands."""
        return _order_response(order_of_client_oid(acting(request).owner, client_oid))

    @extend_schema(
        parameters=[PREFER],
        responses={200: {"type": "string", "format": "uuid"}, **errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, client_oid: str) -> Response:
        """Cancels the order and answers with its id."""
        order = order_of_client_oid(acting(request).owner, client_oid)
        if order is None:
            raise order_not_found()
        return _cancel(request, order.pk)


def _order_response(order: Order | None) -> Response:
    if order is None:
        raise NotFound(_("There is no such order."))
    return Response(orders_body([order])[0])


def _cancel(request: Request, order_id: int) -> Response:
    who = acting(request)
    command = order_cancel(owner=who.owner, user=who.user, order_id=order_id)
    if verdict_wait(command_ids=[command.pk], timeout_s=wait_s_of(request)):
        _canceled_check(who.owner, order_id)
    return wait_applied(request, Response(str(order_uuid(order_id))))


def _amended_check(command: Command) -> None:
    """What the engine answers with an error. The order is what it was."""
    match amend_refusal_of(command):
        case None:
            return
        case "not_found":
            raise OrderDone(_("Order already done"))
        case "insufficient_funds":
            raise InsufficientFunds(
                _("The available balance does not cover this order. Add funds or ask for less.")
            )
        case "not_open":
            raise MarketHalted(_("Cancel only mode: the market was halted."))
        case "post_only":
            raise InvalidOrder(
                _("The order is post only and would have traded at once."), code="post_only"
            )
        case "out_of_limits":
            raise InvalidOrder(
                _("The order's size or value is outside the market's limits."),
                code="out_of_limits",
            )
        case "out_of_band":
            raise InvalidOrder(
                _(
                    "The price is too far from the last trade: it is outside the market's price"
                    " band."
                ),
                code="out_of_band",
                field="price",
            )
        case _:
            raise InvalidOrder(
                _("Its size must exceed what is filled. A stop order that waits stays as it is."),
                code="not_amendable",
            )


def _canceled_check(owner: Owner, order_id: int) -> None:
    """It may have been filled just before the cancel had its turn."""
    order = order_of(owner, order_id)
    if order is not None and order.done_reason != DoneReason.CANCELED:
        raise OrderDone(_("Order already done"))


def refusal_raise(order: Order) -> None:
    """Raises what the dialect answers with an error. A post-only order that would have traded is an
    order like any other, with the status `rejected`."""
    if order.status != OrderStatus.REJECTED:
        return
    refusals: dict[int | None, ServiceError] = {
        DoneReason.INSUFFICIENT_FUNDS: InsufficientFunds(
            _("The available balance does not cover this order. Add funds or ask for less.")
        ),
        DoneReason.NOT_OPEN: MarketHalted(_("Cancel only mode: the market was halted.")),
        DoneReason.EXPIRED: InvalidOrder(
            _("The order's time was over before the engine came to it."), code="order_expired"
        ),
        DoneReason.OUT_OF_LIMITS: InvalidOrder(
            _("The order's size or value is outside the market's limits."), code="out_of_limits"
        ),
        DoneReason.OUT_OF_BAND: InvalidOrder(
            _("The price is too far from the last trade: it is outside the market's price band."),
            code="out_of_band",
            field="price",
        ),
        DoneReason.INVALID: InvalidOrder(_("The order breaks a rule of its market.")),
    }
    if refusal := refusals.get(order.done_reason):
        raise refusal


def order_id_of(text: str) -> int:
    """The row id that a public order name stands for. Raises InvalidOrder or NotFound."""
    try:
        order_id = order_id_from_uuid(uuid.UUID(text))
    except ValueError:
        raise InvalidOrder(_("Invalid order id"), code="invalid_order_id") from None
    if order_id is None:
        raise NotFound(_("There is no such order."))
    return order_id


def _positions(text: str | None) -> Positions:
    return Positions.parse(text) if text else Positions()


def _product_named(request: Request) -> Product | None:
    """ccxt names the market in the body of a DELETE, others in the query."""
    body: Any = request.data if isinstance(request.data, dict) else {}
    name = request.query_params.get("product_id") or body.get("product_id")
    return product_by_name(str(name)) if name else None
