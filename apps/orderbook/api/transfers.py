"""What came to the owner from outside, and what left for it: money, credits, NFTs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import NotFound
from apps.accounts.models import Balance, Owner
from apps.orderbook import names
from apps.orderbook.api.accounts import account_named
from apps.orderbook.api.base import DialectView, checked, cursors_set, errors
from apps.orderbook.api.fields import LimitField, PublicIdField, TimeField
from apps.orderbook.ids import (
    ID_MAX,
    Kind,
    account_uuid,
    profile_uuid,
    row_id_from_uuid,
    transfer_uuid,
)
from apps.orderbook.selectors.accounts import accounts_of
from apps.orderbook.selectors.transfers import EDGE, Crossing, crossings_of

DEPOSIT, WITHDRAW = "deposit", "withdraw"
TYPES: Final = {
    DEPOSIT: True,
    "internal_deposit": None,
    WITHDRAW: False,
    "internal_withdraw": None,
}


class CrossingOutput(serializers.Serializer[Any]):
    """A deposit or a withdrawal. It is on the ledger, so it is completed."""

    class DetailsOutput(serializers.Serializer[Any]):
        transfer_type = serializers.SerializerMethodField()
        reference = serializers.CharField()

        @extend_schema_field(serializers.ChoiceField(sorted(kind.name.lower() for kind in EDGE)))
        def get_transfer_type(self, crossing: Crossing) -> str:
            return crossing.kind.name.lower()

    id = PublicIdField(transfer_uuid, source="pk")
    type = serializers.SerializerMethodField()
    created_at = TimeField()
    completed_at = TimeField(source="created_at")
    processed_at = TimeField(source="created_at")
    canceled_at = serializers.SerializerMethodField()
    account_id = PublicIdField(account_uuid, source="balance.pk")
    user_id = PublicIdField(profile_uuid, source="balance.owner_id")
    profile_id = PublicIdField(profile_uuid, source="balance.owner_id")
    amount = MicroField()
    currency = serializers.SerializerMethodField()
    details = DetailsOutput(source="*")

    def get_type(self, crossing: Crossing) -> str:
        return DEPOSIT if crossing.is_deposit else WITHDRAW

    def get_canceled_at(self, crossing: Crossing) -> str | None:
        return None

    def get_currency(self, crossing: Crossing) -> str:
        return names.currency_id(crossing.balance.asset.code)


class TransfersView(DialectView):
    """The owner's deposits and withdrawals."""

    class QuerySerializer(serializers.Serializer[Any]):
        type = serializers.ChoiceField(list(TYPES), required=False)
        limit = LimitField()
        after = serializers.IntegerField(min_value=0, max_value=ID_MAX, default=None)
        before = serializers.IntegerField(min_value=0, max_value=ID_MAX, default=None)

    @extend_schema(
        operation_id="transfers_list",
        parameters=[QuerySerializer],
        responses={200: CrossingOutput(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Latest first. Nothing here is internal: those types answer with an empty list."""
        return _page(request, list(accounts_of(acting(request).owner)))


class AccountTransfersView(DialectView):
    """The same of one account."""

    @extend_schema(
        parameters=[TransfersView.QuerySerializer],
        responses={200: CrossingOutput(many=True), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, account: str) -> Response:
        """Latest first."""
        return _page(request, [account_named(request, account)])


class TransferView(DialectView):
    """One deposit or withdrawal."""

    @extend_schema(responses={200: CrossingOutput, **errors(401, 403, 404)})
    def get(self, request: Request, transfer: str) -> Response:
        """As it is on the ledger."""
        found = _crossing(acting(request).owner, transfer)
        if found is None:
            raise NotFound(_("There is no such transfer."))
        return Response(CrossingOutput(found).data)


def _page(request: Request, balances: Sequence[Balance]) -> Response:
    asked = checked(TransfersView.QuerySerializer, request.query_params)
    kind = asked.pop("type", None)
    if kind is not None and TYPES[kind] is None:
        return Response([])
    found = crossings_of(balances, deposits=TYPES[kind] if kind else None, **asked)
    response = Response(CrossingOutput(found, many=True).data)
    if found:
        cursors_set(response, before=found[0].pk, after=found[-1].pk)
    return response


def _crossing(owner: Owner, text: str) -> Crossing | None:
    try:
        pk = row_id_from_uuid(Kind.TRANSFER, uuid.UUID(text))
    except ValueError:
        return None
    if pk is None:
        return None
    found = crossings_of(
        list(accounts_of(owner)), deposits=None, after=pk + 1, before=pk - 1, limit=1
    )
    return found[0] if found else None
