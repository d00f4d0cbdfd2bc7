"""What lies in linked wallets, told to the ledger's side, where it counts for fees."""

from __future__ import annotations

from typing import Final

from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from apps.accounts.models import Asset, Wallet, WalletHolding
from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.chain.client import ChainClient
from apps.nft.models import Chain

# One call to the node for each: whoever was asked about longest ago comes first.
WALLETS_AT_ONCE_MAX: Final = 200


def holdings_read(*, chain: Chain, client: ChainClient) -> int:
    """Reads the CC in linked wallets at the last final block; how many wallets were asked about.

    Between two readings a wallet's CC may have moved on to another one: what is counted is what
    the final block says. Raises ChainUnavailable.
    """
    contract = chain.contracts.filter(name="CCToken", confirmed_at__isnull=False).first()
    asset = Asset.objects.filter(code="CC").first()
    if contract is None or asset is None:
        return 0
    block = client.finalized().number
    reader = Interface(artifacts.load("CCToken"))
    found = []
    for wallet in _longest_ago(asset):
        call = reader.encode("balanceOf", wallet.address)
        answer = client.call(to=contract.address, data=call, block=block)
        holding = WalletHolding(wallet=wallet, asset=asset, block_number=block)
        # Before its own block is final, the contract has nothing to say.
        holding.amount, holding.read_at = int.from_bytes(answer), timezone.now()
        found.append(holding)
    WalletHolding.objects.bulk_create(
        found,
        update_conflicts=True,
        unique_fields=["wallet", "asset"],
        update_fields=["amount", "block_number", "read_at"],
    )
    return len(found)


def _longest_ago(asset: Asset) -> list[Wallet]:
    read = WalletHolding.objects.filter(wallet=OuterRef("pk"), asset=asset)
    wallets = Wallet.objects.filter(unlinked_at__isnull=True)
    wallets = wallets.annotate(read_at=Subquery(read.values("read_at")))
    return list(wallets.order_by(F("read_at").asc(nulls_first=True), "pk")[:WALLETS_AT_ONCE_MAX])
