"""USDC and CC out to a wallet, and what came in from one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.api.fields import MicroField
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.accounts.errors import NotFound
from apps.accounts.models import Asset
from apps.nft.models import CoinWithdrawal
from apps.nft.selectors import coins as reads
from apps.nft.selectors.owners import account_tag
from apps.nft.selectors.tokens import carrying_transaction
from apps.nft.services.coins import coin_withdraw
from apps.orderbook.api.base import DialectView, checked, errors
from apps.registry.api.inputs import idempotency_key


class CoinWithdrawalOutput(serializers.Serializer[Any]):
    """Coins on their way to a wallet: `final` when the chain takes nothing back."""

    id = serializers.UUIDField(source="public_id")
    currency = serializers.CharField(source="asset.code")
    amount = MicroField()
    to_address = serializers.CharField()
    state = serializers.ChoiceField(CoinWithdrawal.State.choices)
    transaction = serializers.SerializerMethodField()
    failure = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_transaction(self, withdrawal: CoinWithdrawal) -> str | None:
        carrier = carrying_transaction(withdrawal)
        return carrier.hash if carrier else None


class CoinsView(DialectView):
    """Where to deposit what."""

    class CoinsOutput(serializers.Serializer[Any]):
        """Approve `vault` for a coin, then call its `deposit(coin, amount, account)`.

        `account` is yours: coins that carry it are credited to you, whatever wallet sent them.
        """

        class CoinOutput(serializers.Serializer[Any]):
            """One coin. Amounts on chain are in its smallest unit, of which 10^6 are one."""

            currency = serializers.CharField()
            address = serializers.CharField()

        chain_id = serializers.IntegerField()
        vault = serializers.CharField()
        account = serializers.CharField()
        coins = CoinOutput(many=True)

    @extend_schema(responses={200: CoinsOutput, **errors(401, 403, 404)})
    def get(self, request: Request) -> Response:
        """The vault, the coins that it takes, and the owner's tag on chain."""
        vault = reads.vault_contract()
        if vault is None:
            raise NotFound(_("The contracts are not deployed yet. Try again later."))
        body = {
            "chain_id": settings.CHAIN_ID,
            "vault": vault.address,
            "account": account_tag(acting(request).owner),
            "coins": [
                {"currency": code, "address": contract.address}
                for code, contract in reads.coin_contracts().items()
            ],
        }
        return Response(self.CoinsOutput(body).data)


class CoinWithdrawalsView(DialectView):
    """Coins out."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRANSFER}

    class CoinWithdrawalInput(serializers.Serializer[Any]):
        currency = serializers.CharField(help_text="USDC or CC.")
        amount = MicroField()
        to_address = serializers.CharField(help_text="A wallet linked to the account.")

    @extend_schema(responses={200: CoinWithdrawalOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The owner's newest withdrawals of coins."""
        found = reads.withdrawals_of(acting(request).owner)
        return Response(CoinWithdrawalOutput(found, many=True).data)

    @extend_schema(
        request=CoinWithdrawalInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: CoinWithdrawalOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Holds the amount and sends it to a linked wallet. A repeated key asks once."""
        values = checked(self.CoinWithdrawalInput, request.data)
        code = values.pop("currency")
        asset = Asset.objects.filter(code=code).first()
        if asset is None:
            raise NotFound(_("There is no such currency."), field="currency")
        made = coin_withdraw(
            owner=acting(request).owner,
            asset=asset,
            idempotency_key=idempotency_key(request),
            **values,
        )
        return Response(CoinWithdrawalOutput(made).data, status=201)


class CoinWithdrawalView(DialectView):
    """One withdrawal of coins."""

    @extend_schema(responses={200: CoinWithdrawalOutput, **errors(401, 403, 404)})
    def get(self, request: Request, withdrawal: str) -> Response:
        """How far it is."""
        found = reads.withdrawal_of(acting(request).owner, withdrawal)
        if found is None:
            raise NotFound(_("There is no such withdrawal."))
        return Response(CoinWithdrawalOutput(found).data)


class CoinDepositsView(DialectView):
    """Coins in."""

    class CoinDepositOutput(serializers.Serializer[Any]):
        """Coins that were credited; the chain can no longer take them back."""

        currency = serializers.CharField(source="asset.code")
        amount = MicroField()
        from_address = serializers.CharField()
        transaction = serializers.CharField(source="event.transaction_hash")
        created_at = serializers.DateTimeField()

    @extend_schema(responses={200: CoinDepositOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The owner's newest deposits of coins."""
        found = reads.deposits_of(acting(request).owner)
        return Response(self.CoinDepositOutput(found, many=True).data)
