"""A dead man's switch: all orders are cancelled unless somebody says in time that they live."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent, replay_tell
from apps.orderbook.api.base import (
    PREFER,
    DialectView,
    checked,
    errors,
    wait_applied,
    wait_s_of,
)
from apps.orderbook.api.fields import ProductField, TimeField
from apps.orderbook.models import Switch
from apps.orderbook.selectors.products import product_by_name
from apps.orderbook.services.commands import SWITCH_S_MAX, switch_set
from apps.orderbook.services.verdicts import verdict_wait


class SwitchOutput(serializers.Serializer[Any]):
    """The orders of one market are cancelled then."""

    product_id = ProductField(source="product")
    cancels_at = TimeField(source="falls_at")


class CancelAllAfterView(DialectView):
    """The owner's switches."""

    class SwitchInput(serializers.Serializer[Any]):
        timeout_s = serializers.IntegerField(
            min_value=0, max_value=SWITCH_S_MAX, help_text=_("0 takes it back.")
        )
        product_id = serializers.CharField(
            required=False, allow_null=True, max_length=60, help_text=_("Only in this market.")
        )

    @extend_schema(responses={200: SwitchOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """When which market's orders are cancelled."""
        return _switches(request)

    @extend_schema(
        request=SwitchInput,
        parameters=[PREFER, IDEMPOTENCY_KEY],
        responses={200: SwitchOutput(many=True), **errors(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Sets it anew: in one market, or in all where there are orders or a switch now."""
        accepted = self._set(request)
        verdict_wait(command_ids=accepted.data, timeout_s=wait_s_of(request))
        return wait_applied(request, replay_tell(accepted, _switches(request)))

    @idempotent
    def _set(self, request: Request) -> Response:
        values, who = checked(self.SwitchInput, request.data), acting(request)
        name = values.get("product_id")
        commands = switch_set(
            owner=who.owner,
            user=who.user,
            timeout_s=values["timeout_s"],
            product=product_by_name(name) if name else None,
        )
        return Response([command.pk for command in commands])


def _switches(request: Request) -> Response:
    mine = Switch.objects.filter(owner=acting(request).owner).order_by("product__code")
    found = mine.select_related("product__base", "product__quote")
    return Response(SwitchOutput(found, many=True).data)
