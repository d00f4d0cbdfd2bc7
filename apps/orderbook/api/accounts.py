"""An owner's balances, as the dialect's accounts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import NotFound
from apps.accounts.ledger.holds import Held, hold_kinds, holds_of
from apps.accounts.models import Balance, Transfer
from apps.orderbook import dialect, names
from apps.orderbook.api.base import DialectView, checked, cursors_set, errors
from apps.orderbook.api.fields import LimitField, PublicIdField, TimeField, WordField
from apps.orderbook.ids import (
    ID_MAX,
    Kind,
    account_id_from_uuid,
    account_uuid,
    order_uuid,
    profile_uuid,
    public_uuid,
)
from apps.orderbook.selectors.accounts import (
    Entry,
    account_ledger,
    accounts_of,
)


class AccountOutput(serializers.Serializer[Any]):
    """A balance of one asset."""

    id = PublicIdField(account_uuid)
    currency = serializers.SerializerMethodField()
    display_name = serializers.CharField(source="asset.code")
    balance = MicroField(source="total")
    hold = MicroField(source="held")
    available = MicroField()
    profile_id = PublicIdField(profile_uuid, source="owner_id")
    trading_enabled = serializers.BooleanField(read_only=True, default=True)

    def get_currency(self, balance: Balance) -> str:
        return names.currency_id(balance.asset.code)


class AccountsView(DialectView):
    """The owner's accounts."""

    @extend_schema(responses={200: AccountOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """Every asset that the owner has or had."""
        return Response(AccountOutput(accounts_of(acting(request).owner), many=True).data)


class AccountView(DialectView):
    """One of the owner's accounts."""

    @extend_schema(responses={200: AccountOutput, **errors(401, 403, 404)})
    def get(self, request: Request, account: str) -> Response:
        """One balance."""
        return Response(AccountOutput(account_named(request, account)).data)


class LedgerView(DialectView):
    """What moved on an account."""

    class QuerySerializer(serializers.Serializer[Any]):
        limit = LimitField()
        after = serializers.IntegerField(min_value=0, max_value=ID_MAX, default=None)
        before = serializers.IntegerField(min_value=0, max_value=ID_MAX, default=None)

    class LedgerOutput(serializers.Serializer[Any]):
        id = serializers.CharField()
        created_at = TimeField()
        amount = MicroField()
        balance = MicroField()
        type = WordField(dialect.LEDGER_TYPES, source="kind")
        details = serializers.SerializerMethodField()

        def get_details(self, entry: Entry) -> dict[str, str]:
            if entry.fill is None or entry.order_id is None:
                kind = Transfer.Kind(entry.kind).name.lower()
                return {"transfer_type": kind, "reference": str(entry.reference)}
            product = entry.fill.product
            return {
                "order_id": str(order_uuid(entry.order_id)),
                "product_id": names.product_id(product.base.code, product.quote.code),
                "trade_id": str(entry.fill.trade_id),
            }

    @extend_schema(
        parameters=[QuerySerializer],
        responses={200: LedgerOutput(many=True), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, account: str) -> Response:
        """Movements, latest first, with what there was after each."""
        query = checked(self.QuerySerializer, request.query_params)
        entries = account_ledger(account_named(request, account), **query)
        response = Response(self.LedgerOutput(entries, many=True).data)
        return _with_cursors(response, [entry.id for entry in entries])


class HoldsView(DialectView):
    """What is held on an account, and for what."""

    class HoldOutput(serializers.Serializer[Any]):
        id = serializers.SerializerMethodField()
        created_at = TimeField()
        amount = MicroField()
        type = serializers.ChoiceField(
            hold_kinds(), source="kind", help_text="What `ref` names: an order, a gift and so on."
        )
        ref = serializers.SerializerMethodField()

        def get_id(self, held: Held) -> uuid.UUID:
            return held.public_id or public_uuid(Kind.HOLD, held.row_id)

        def get_ref(self, held: Held) -> uuid.UUID:
            return held.ref or order_uuid(held.row_id)

    @extend_schema(responses={200: HoldOutput(many=True), **errors(401, 403, 404)})
    def get(self, request: Request, account: str) -> Response:
        """Of open orders, quotes that stand, gifts not claimed yet, and what is under way out of
        the ledger; latest first."""
        holds = holds_of(account_named(request, account))
        return Response(self.HoldOutput(holds, many=True).data)


def account_named(request: Request, text: str) -> Balance:
    """The owner's account of that public id. Raises NotFound."""
    try:
        balance_id = account_id_from_uuid(uuid.UUID(text))
    except ValueError:
        balance_id = None
    found = accounts_of(acting(request).owner).filter(pk=balance_id).first()
    if found is None:
        raise NotFound(_("There is no such account."))
    return found


def _with_cursors(response: Response, ids: Sequence[int]) -> Response:
    if ids:
        cursors_set(response, before=ids[0], after=ids[-1])
    return response
