"""The public record, day by day, and proofs that something is in it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.errors import NotFound
from apps.nft.models import DayAnchor
from apps.nft.selectors import anchors as reads
from apps.nft.selectors.tokens import carrying_transaction
from apps.nft.services.anchors import STREAM, day_number
from apps.nft.units import day_of
from apps.orderbook.api.base import PublicView, checked, errors

DAYS_LATEST = 100


class AnchorOutput(serializers.Serializer[Any]):
    """A day, and its root on chain once `state` is `final`."""

    day = serializers.DateField()
    day_number = serializers.SerializerMethodField(help_text="As the contract counts it.")
    # A serializer has a `root` of its own, which is another thing.
    root = serializers.CharField()  # type: ignore[assignment]
    leaves_count = serializers.IntegerField()
    state = serializers.ChoiceField(DayAnchor.State.choices)
    transaction = serializers.SerializerMethodField()

    def get_day_number(self, anchor: DayAnchor) -> int:
        return day_number(anchor.day)

    def get_transaction(self, anchor: DayAnchor) -> str | None:
        carrier = carrying_transaction(anchor)
        return carrier.hash if carrier else None


class LeafOutput(serializers.Serializer[Any]):
    """Three strings: what is hashed, twice, as `abi.encode(kind, name, content)`."""

    kind = serializers.CharField()
    name = serializers.CharField()
    content = serializers.CharField()


class AnchorsView(PublicView):
    """The days."""

    @extend_schema(responses={200: AnchorOutput(many=True)})
    def get(self, request: Request) -> Response:
        """The latest hundred days, the newest first."""
        return Response(AnchorOutput(reads.anchors_latest()[:DAYS_LATEST], many=True).data)


class AnchorView(PublicView):
    """One day."""

    class AnchorDayOutput(AnchorOutput):
        leaves = LeafOutput(many=True)

    @extend_schema(responses={200: AnchorDayOutput, **errors(404)})
    def get(self, request: Request, day: str) -> Response:
        """A day with all its leaves: build the tree yourself, and compare the root."""
        return Response(self.AnchorDayOutput(anchor_named(day)).data)


class ProofView(PublicView):
    """One leaf of one day."""

    class ProofInput(serializers.Serializer[Any]):
        kind = serializers.CharField(help_text="retirement, trades, supply or balances.")
        name = serializers.CharField(help_text="A certificate's number, a market, a currency.")

    class ProofOutput(serializers.Serializer[Any]):
        """`contract.verify(stream, day_number, leaf_hash, proof)` says whether it holds."""

        anchor = AnchorOutput()
        leaf = LeafOutput()
        leaf_hash = serializers.CharField()
        proof = serializers.ListField(child=serializers.CharField())
        chain_id = serializers.IntegerField()
        contract = serializers.CharField(allow_null=True)
        stream = serializers.CharField()

    @extend_schema(parameters=[ProofInput], responses={200: ProofOutput, **errors(400, 404)})
    def get(self, request: Request, day: str) -> Response:
        """The hashes that lead from a leaf to the day's root on chain."""
        wanted = checked(self.ProofInput, request.query_params)
        anchor = anchor_named(day)
        found = reads.proof_of(anchor, **wanted)
        if found is None:
            raise NotFound(_("The record of this day has no such entry."))
        contract = reads.anchor_contract()
        body = {
            "anchor": anchor,
            "leaf": found.leaf,
            "leaf_hash": found.leaf_hash,
            "proof": found.proof,
            "chain_id": settings.CHAIN_ID,
            "contract": contract.address if contract else None,
            "stream": "0x" + STREAM.hex(),
        }
        return Response(self.ProofOutput(body).data)


def anchor_named(text: str) -> DayAnchor:
    """The day of that name. Raises NotFound."""
    found = reads.anchor_of_day(day) if (day := day_of(text)) else None
    if found is None:
        raise NotFound(_("No record of this day was fixed."))
    return found
