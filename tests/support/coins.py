"""USDC and CC on the ledger and on chain, for tests of the bridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.accounts.ledger.services import platform_owner_get
from apps.accounts.models import Asset, Balance, Owner
from apps.nft.chain import artifacts
from apps.nft.models import CoinWithdrawal, Contract, PoolRule
from apps.nft.selectors.owners import account_tag
from apps.nft.services.coins import coin_withdraw
from apps.nft.services.pool import pledge_create
from tests.support.settlement import TONNE, Settlement

UNIT = 1_000_000


@dataclass
class Coins:
    """The vault and its coins beside a settlement whose owner pledged six tonnes for CC."""

    settlement: Settlement
    vault: Any
    usdc: Any
    cc_token: Any
    usdc_asset: Asset
    cc_asset: Asset

    def deposit(
        self, amount: int, *, coin: Any = None, wallet: str = "", tag: str | None = None
    ) -> None:
        """A wallet's deposit; with USDC, it gets the coins first."""
        s = self.settlement
        wallet, coin = wallet or s.wallet, coin or self.usdc
        if coin is self.usdc:
            s.send(wallet, coin.functions.mint(wallet, amount))
        s.send(wallet, coin.functions.approve(self.vault.address, amount))
        account = bytes.fromhex((tag or account_tag(s.owner)).removeprefix("0x"))
        s.send(wallet, self.vault.functions.deposit(coin.address, amount, account))

    def deposit_final(self, amount: int, **how: Any) -> None:
        self.deposit(amount, **how)
        self.settlement.mine(2)
        self.settlement.follow()

    def withdraw(self, amount: int, asset: Asset | None = None, key: str = "w") -> CoinWithdrawal:
        s = self.settlement
        return coin_withdraw(
            owner=s.owner,
            asset=asset or self.usdc_asset,
            amount=amount,
            to_address=s.wallet,
            idempotency_key=key,
        )

    def in_wallet(self, coin: Any) -> int:
        return int(coin.functions.balanceOf(self.settlement.wallet).call())

    def balance(self, asset: Asset, owner: Owner | None = None) -> tuple[int, int]:
        """Available and held."""
        owner = owner or self.settlement.owner
        found = Balance.objects.filter(owner=owner, asset=asset).first()
        return (found.available, found.held) if found else (0, 0)

    def platform(self, name: str, asset: Asset) -> int:
        return self.balance(asset, platform_owner_get(name=name))[0]


def coins_make(settlement: Settlement) -> Coins:
    """Six tonnes of the settlement's owner are CC, none of it on chain."""
    usdc_asset, _ = Asset.objects.get_or_create(
        code="USDC", defaults={"kind": Asset.Kind.CASH, "name": "USD Coin"}
    )
    cc_asset, _ = Asset.objects.get_or_create(
        code="CC", defaults={"kind": Asset.Kind.CC, "name": "Carbon credit token"}
    )
    PoolRule.objects.create(vintage_from=2000)
    pledge_create(
        owner=settlement.owner,
        credit_class=settlement.credit_class,
        amount_grams=6 * TONNE,
        idempotency_key="pledge",
    )
    contracts = {
        contract.name: settlement.web3.eth.contract(  # type: ignore[call-overload]
            contract.address, abi=artifacts.load(ABIS.get(contract.name, contract.name)).abi
        )
        for contract in Contract.objects.all()
    }
    return Coins(
        settlement,
        contracts["Vault"],
        contracts["USDC"],
        contracts["CCToken"],
        usdc_asset,
        cc_asset,
    )


ABIS = {"USDC": "support/DevelopmentCoin"}
