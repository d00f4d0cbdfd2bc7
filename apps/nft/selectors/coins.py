"""Coins on chain: what lies in the vault, what left, what came."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from apps.accounts.models import Asset, Owner
from apps.nft.models import CoinDeposit, CoinWithdrawal, Contract

# Asset on the ledger: its contract on chain.
COINS: Final = {"CC": "CCToken", "USDC": "USDC"}
LATEST: Final = 20

NOT_FAILED: Final = ~Q(state=CoinWithdrawal.State.FAILED)


def coin_contracts() -> dict[str, Contract]:
    """The contract of each coin that the vault takes, by the code of its asset."""
    found = {
        contract.name: contract for contract in Contract.objects.filter(chain_id=settings.CHAIN_ID)
    }
    if "Vault" not in found:
        return {}
    return {code: found[name] for code, name in COINS.items() if name in found}


def coin_codes() -> list[str]:
    """The coins that can leave and come."""
    return sorted(coin_contracts()) or sorted(COINS)


def vault_contract() -> Contract | None:
    """Where coins are deposited, once it is deployed."""
    return Contract.objects.filter(chain_id=settings.CHAIN_ID, name="Vault").first()


def asset_of_coin(address: str) -> Asset | None:
    """The asset on the ledger of a coin's contract."""
    for code, contract in coin_contracts().items():
        if contract.address == address:
            return Asset.objects.filter(code=code).first()
    return None


def vault_stock_micro(asset: Asset) -> int:
    """What the vault holds of a coin and no withdrawal was promised, by final deposits alone."""
    came = CoinDeposit.objects.filter(asset=asset).aggregate(sum=Sum("amount"))["sum"] or 0
    left = CoinWithdrawal.objects.filter(
        NOT_FAILED, asset=asset, route=CoinWithdrawal.Route.VAULT
    ).aggregate(sum=Sum("amount"))["sum"]
    return int(came) - int(left or 0)


def withdrawn_since_micro(asset: Asset, *, since: datetime, owner: Owner | None = None) -> int:
    """What an owner, or everybody, asked to take out since then and was not given back."""
    rows = CoinWithdrawal.objects.filter(NOT_FAILED, asset=asset, created_at__gt=since)
    if owner is not None:
        rows = rows.filter(owner=owner)
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)


def withdrawals_of(owner: Owner) -> QuerySet[CoinWithdrawal]:
    """The owner's newest withdrawals of coins, with the transactions that carry them."""
    found = CoinWithdrawal.objects.filter(owner=owner).select_related("asset")
    return found.prefetch_related("transactions").order_by("-pk")[:LATEST]


def withdrawal_of(owner: Owner, public_id: object) -> CoinWithdrawal | None:
    """One of them."""
    found = CoinWithdrawal.objects.filter(owner=owner, public_id=public_id)
    return found.select_related("asset").prefetch_related("transactions").first()


def deposits_of(owner: Owner) -> QuerySet[CoinDeposit]:
    """The owner's newest deposits of coins."""
    found = CoinDeposit.objects.filter(owner=owner).select_related("asset", "event")
    return found.order_by("-pk")[:LATEST]
