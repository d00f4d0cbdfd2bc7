"""Everything one owner holds and has under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.accounts.models import Asset, Balance, Owner
from apps.accounts.selectors import balances_of, wallets_of
from apps.nft.models import MintRequest, Token
from apps.nft.selectors.pool import classes_eligible
from apps.nft.selectors.tokens import mint_requests_of, tokens_of
from apps.orderbook.models import Order, Product
from apps.orderbook.selectors.orders import OrderSearch, orders_of
from apps.registry.models import Retirement

LATEST_RETIREMENTS = 5
ORDERS_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Holding:
    """A balance of credits, and what can be done with it."""

    balance: Balance
    product: Product | None
    is_eligible: bool


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Balances that are not empty, open orders, NFTs in linked wallets, the latest of the rest."""

    credits: Sequence[Holding]
    cash: QuerySet[Balance]
    orders: Sequence[Order]
    tokens: QuerySet[Token]
    requests: QuerySet[MintRequest]
    retirements: QuerySet[Retirement]
    has_wallet: bool

    @property
    def credit_grams(self) -> int:
        return sum(holding.balance.total for holding in self.credits)

    @property
    def is_empty(self) -> bool:
        return not (self.credits or self.cash)


def portfolio_of(owner: Owner) -> Portfolio:
    """What the owner holds now."""
    balances = balances_of(owner).exclude(available=0, held=0)
    retirements = Retirement.objects.filter(owner=owner).select_related("credit_class__project")
    return Portfolio(
        credits=_holdings(balances.filter(asset__kind=Asset.Kind.CREDIT)),
        cash=balances.exclude(asset__kind=Asset.Kind.CREDIT),
        orders=_open_orders(owner),
        tokens=tokens_of(owner),
        requests=mint_requests_of(owner),
        retirements=retirements.order_by("-created_at")[:LATEST_RETIREMENTS],
        has_wallet=wallets_of(owner).exists(),
    )


def _holdings(balances: QuerySet[Balance]) -> list[Holding]:
    """Each with the market it trades on: the one in cash where there are several."""
    rows = list(balances.select_related("asset__credit_class__project"))
    markets = Product.objects.filter(base__in=[row.asset_id for row in rows])
    by_base = {product.base_id: product for product in markets.order_by("quote__code")}
    eligible = set(classes_eligible().values_list("asset_id", flat=True))
    return [Holding(row, by_base.get(row.asset_id), row.asset_id in eligible) for row in rows]


def _open_orders(owner: Owner) -> Sequence[Order]:
    found = orders_of(owner, OrderSearch(limit=ORDERS_SHOWN_MAX)).rows
    products = Product.objects.select_related("base", "quote").in_bulk(
        {order.product_id for order in found}
    )
    for order in found:
        order.product = products[order.product_id]
    return found
