"""What a day's record says of the owner's own balances, with proofs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.nft.api.anchors import anchor_named
from apps.nft.selectors.balances import shares_of
from apps.orderbook.api.base import DialectView, errors


class SumStepOutput(serializers.Serializer[Any]):
    """What stands beside the way up."""

    side = serializers.ChoiceField(["left", "right"])
    hash = serializers.CharField()
    micro = serializers.IntegerField(help_text="The sum below it.")


class DayRecordOutput(serializers.Serializer[Any]):
    """The entry `balances` of the day's record: its content, and the way to the day's root."""

    content = serializers.CharField()
    proof = serializers.ListField(child=serializers.CharField())
    day = serializers.DateField()
    # A serializer has a `root` of its own, which is another thing.
    root = serializers.CharField()  # type: ignore[assignment]


class BalanceShareOutput(serializers.Serializer[Any]):
    """What the owner was owed of one asset, in micro-units."""

    asset = serializers.CharField()
    account = serializers.CharField()
    salt = serializers.CharField(help_text="The owner's alone. Keep it to yourself.")
    micro = serializers.IntegerField()
    proof = SumStepOutput(many=True)
    record = DayRecordOutput()


class BalancesView(DialectView):
    """The owner's shares of a day."""

    @extend_schema(responses={200: BalanceShareOutput(many=True), **errors(401, 403, 404)})
    def get(self, request: Request, day: str) -> Response:
        """One for each asset; `python -m ccmarket_client.balances FILE` checks them."""
        found = shares_of(anchor_named(day), acting(request).owner)
        return Response(BalanceShareOutput([share.body for share in found], many=True).data)
