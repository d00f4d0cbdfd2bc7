"""Taking whole tonnes out, and how far that is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.api.idempotency import HEADER, IDEMPOTENCY_KEY, idempotent, key_of
from apps.accounts.errors import NotFound, ServiceError
from apps.nft.models import BridgeIntent, MintRequest
from apps.nft.selectors.owners import account_tag
from apps.nft.selectors.tokens import (
    carrying_transaction,
    credit_contract,
    intents_of,
    mint_request_of,
    tokens_of,
)
from apps.nft.services.minting import REQUEST_TONNES_MAX, mint_request
from apps.orderbook.api.base import DialectView, checked, errors
from apps.registry.models import CreditClass


class IntentOutput(serializers.Serializer[Any]):
    """One mint of one contiguous range of serials."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(BridgeIntent.State.choices)
    block = serializers.CharField(source="block.whole_serial")
    first_serial = serializers.IntegerField()
    tonnes = serializers.IntegerField()
    first_token_id = serializers.SerializerMethodField()
    transaction = serializers.SerializerMethodField()
    failure = serializers.CharField()

    def get_first_token_id(self, intent: BridgeIntent) -> str:
        return str(intent.first_token_id)

    def get_transaction(self, intent: BridgeIntent) -> str | None:
        carrier = carrying_transaction(intent)
        return carrier.hash if carrier else None


class MintOutput(serializers.Serializer[Any]):
    """A request with its mints."""

    id = serializers.UUIDField(source="public_id")
    credit_class = serializers.CharField(source="credit_class.code")
    tonnes = serializers.IntegerField()
    to_address = serializers.CharField()
    created_at = serializers.DateTimeField()
    mints = serializers.SerializerMethodField()

    def get_mints(self, request: MintRequest) -> list[dict[str, Any]]:
        return list(IntentOutput(intents_of(request), many=True).data)


class MintsView(DialectView):
    """Requests to take tonnes out."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRANSFER}

    class MintInput(serializers.Serializer[Any]):
        credit_class = serializers.CharField(help_text="Like VCS-1686-2017.")
        tonnes = serializers.IntegerField(min_value=1, max_value=REQUEST_TONNES_MAX)
        to_address = serializers.CharField(help_text="A wallet linked to the account.")
        idempotency_key = serializers.CharField(
            max_length=120, required=False, help_text="Instead of the header."
        )

    @extend_schema(
        request=MintInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: MintOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Holds the grams, reserves the serials, and mints. A repeated key asks once."""
        values = checked(self.MintInput, request.data)
        code = values.pop("credit_class")
        if "idempotency_key" not in values:
            values["idempotency_key"] = _key_in_header(request)
        credit_class = CreditClass.objects.filter(code=code).first()
        if credit_class is None:
            raise NotFound(_("There is no such credit class."), field="credit_class")
        made = mint_request(owner=acting(request).owner, credit_class=credit_class, **values)
        return Response(MintOutput(made).data, status=201)


def _key_in_header(request: Request) -> str:
    key = key_of(request)
    if key is None:
        raise ServiceError(
            _("Send an Idempotency-Key header: your own name for this request."),
            code="idempotency_key_missing",
            field=HEADER,
        )
    return key


class MintView(DialectView):
    """One request."""

    @extend_schema(responses={200: MintOutput, **errors(401, 403, 404)})
    def get(self, request: Request, mint: str) -> Response:
        """How far it is."""
        found = mint_request_of(acting(request).owner, mint)
        if found is None:
            raise NotFound(_("There is no such request."))
        return Response(MintOutput(found).data)


class TokensView(DialectView):
    """What is out."""

    class TokenOutput(serializers.Serializer[Any]):
        """One tonne in one of the owner's wallets."""

        token_id = serializers.CharField()
        serial = serializers.IntegerField(source="serial_number")
        block = serializers.CharField(source="block.whole_serial", default=None)
        owner_address = serializers.CharField()

    @extend_schema(responses={200: TokenOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The NFTs in the owner's linked wallets."""
        return Response(self.TokenOutput(tokens_of(acting(request).owner), many=True).data)


class ContractView(DialectView):
    """Where to send what."""

    class ContractOutput(serializers.Serializer[Any]):
        """`account` is the second argument of `redeem`: to whom the tonnes go."""

        chain_id = serializers.IntegerField()
        address = serializers.CharField()
        account = serializers.CharField()

    @extend_schema(responses={200: ContractOutput, **errors(401, 403, 404)})
    def get(self, request: Request) -> Response:
        """The CarbonCredit contract, and the owner's tag on chain."""
        contract = credit_contract()
        if contract is None:
            raise NotFound(_("The contracts are not deployed yet. Try again later."))
        body = {
            "chain_id": settings.CHAIN_ID,
            "address": contract.address,
            "account": account_tag(acting(request).owner),
        }
        return Response(self.ContractOutput(body).data)
