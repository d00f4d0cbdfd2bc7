"""What final events of the vault and of CC mean on the ledger.

USDC on chain is USDC of ours that lies elsewhere: it comes from and goes to custody. CC is one
supply: what is out on chain is what the `bridge` owner has of it.
"""

from __future__ import annotations

from django.utils import timezone

from apps.accounts.ledger.services import (
    BRIDGE,
    CUSTODY,
    UNCLAIMED,
    Leg,
    ledger_post,
    platform_owner_get,
)
from apps.accounts.models import Asset, Owner, Transfer, WebhookEvent
from apps.nft.models import ChainEvent, CoinDeposit, CoinWithdrawal
from apps.nft.selectors.coins import asset_of_coin
from apps.nft.selectors.owners import owner_of_tag, owner_of_wallet
from apps.nft.services.contradiction import EventContradiction
from apps.nft.services.telling import deposit_tell, withdrawal_tell
from apps.nft.services.tokens import intent_uuid

Route = CoinWithdrawal.Route


def outside_of(asset: Asset) -> Owner:
    """Whose balance stands for what is out of the ledger of a coin."""
    return platform_owner_get(name=BRIDGE if asset.kind == Asset.Kind.CC else CUSTODY)


def deposited(event: ChainEvent) -> None:
    """Coins came in: to the account they are tagged with, else to the wallet's owner."""
    address = event.arguments["coin"]
    if (asset := asset_of_coin(address)) is None:
        raise EventContradiction(f"the vault took {address}, a coin we do not know")
    owner = (
        owner_of_tag(event.arguments["account"])
        or owner_of_wallet(event.arguments["from"])
        or platform_owner_get(name=UNCLAIMED)
    )
    deposit = CoinDeposit.objects.create(
        event=event,
        from_address=event.arguments["from"],
        asset=asset,
        amount=int(event.arguments["amount"]),
        owner=owner,
    )
    kind = Transfer.Kind.COIN_IN
    leg = Leg(outside_of(asset), owner, asset, deposit.amount, kind, deposit.pk)
    ledger_post(legs=[leg])
    if owner.platform_name is None:
        deposit_tell(deposit=deposit)


def paid(event: ChainEvent) -> None:
    """The vault paid, or CC was minted: the held amount has left for good."""
    key = intent_uuid(event.arguments["intentId"])
    intent = (
        CoinWithdrawal.objects.select_for_update(of=("self",))
        .select_related("asset", "owner")
        .filter(public_id=key)
        .first()
    )
    if intent is None:
        amount = event.arguments["amount"]
        raise EventContradiction(f"{amount} micro-units left without an intent of ours")
    if intent.state == CoinWithdrawal.State.FINAL:
        return
    _require_as_asked(event, intent)
    leg = Leg(
        from_owner=intent.owner,
        to_owner=outside_of(intent.asset),
        asset=intent.asset,
        amount=intent.amount,
        kind=Transfer.Kind.COIN_OUT,
        reference=intent.pk,
        from_held=True,
    )
    ledger_post(legs=[leg])
    CoinWithdrawal.objects.filter(pk=intent.pk).update(
        state=CoinWithdrawal.State.FINAL, event=event, failure="", updated_at=timezone.now()
    )
    withdrawal_tell(
        intent=intent, event=WebhookEvent.COIN_FINAL, transaction=event.transaction_hash
    )


def burned(event: ChainEvent) -> None:
    """The bridge never burns CC: what comes back lies in the vault until it leaves again."""
    raise EventContradiction(f"{event.arguments['amount']} grams of CC were burned, not by us")


def _require_as_asked(event: ChainEvent, intent: CoinWithdrawal) -> None:
    route = Route.MINT if event.name == "BridgeMinted" else Route.VAULT
    said = event.arguments.get("coin")
    asset = intent.asset if said is None else asset_of_coin(said)
    happened = (route, asset, event.arguments["to"], int(event.arguments["amount"]))
    asked = (intent.route, intent.asset, intent.to_address, intent.amount)
    if happened != asked or intent.state not in CoinWithdrawal.OPEN_STATES:
        raise EventContradiction(
            f"what was paid is not what withdrawal {intent} ({intent.state}) asked for"
        )
