"""Fees by tier, rebates and volumes, through the database."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.ledger.models import Balance, Transfer
from apps.accounts.models import HistoryEntry, Owner, Wallet, WalletHolding
from apps.orderbook.engine.audit import verify_chain, verify_replay
from apps.orderbook.engine.fees import Tier
from apps.orderbook.invariants import fees_reach_their_account, volumes_equal_their_fills
from apps.orderbook.models import Fill, Order, Product, ProductLease, Volume, VolumeCursor
from apps.orderbook.models.enums import Side
from apps.orderbook.selectors.fees import own_fees, volume_of
from apps.orderbook.services import volumes
from apps.orderbook.services.fees import fees_change
from apps.orderbook.services.products import InvalidProduct, product_change, product_open
from apps.orderbook.services.volumes import volumes_count
from tests.support.engines import (
    RICH,
    broken_invariants,
    buy,
    engine,
    market_make,
    run_engine,
    sell,
    trader,
    wallet,
)
from tests.support.factories import asset_make, fund, wallet_make
from tests.support.markets import fill_write, order_rest

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO = 1_000_000, 2_000_000
P10 = 10_000_000
TIERS = (Tier(20_000_000, None, 5, 20), Tier(None, 1_000_000, -8, 10))


@pytest.fixture
def product() -> Product:
    """Everybody pays 10 and 30; whoever traded for 20 pays 5 and 20, whoever has a CC -8 and 10."""
    product = market_make(maker_bps=10, taker_bps=30)
    fees_change(product=product, user=None, maker_bps=10, taker_bps=30, tiers=TIERS)
    run_engine()
    product.refresh_from_db()
    return product


def trade(product: Product, maker: Owner, taker: Owner, size: int = ONE) -> Fill:
    """A trade at 10."""
    sell(product, maker, P10, size)
    buy(product, taker, P10, size)
    run_engine()
    return Fill.objects.latest("id")


def audited(product: Product) -> None:
    with engine() as hand:
        assert list(verify_replay(hand.connection, product.pk)) == []
        assert list(verify_chain(hand.connection, product.pk)) == []
    # Nothing backs the CC that these tests give their traders.
    assert [line for line in broken_invariants() if not line.startswith("CC is backed")] == []


def rates(order_id: int) -> tuple[int, int]:
    order = Order.objects.get(pk=order_id)
    return order.maker_bps, order.taker_bps


def test_a_volume_brings_its_tier_once_it_is_counted(product: Product) -> None:
    maker, taker = trader(product), trader(product)
    trade(product, maker, taker, TWO)
    # Without the count the tier is not reached.
    assert trade(product, maker, taker, ONE).taker_fee == 30_000
    volumes_count()
    fill = trade(product, maker, taker)
    assert (fill.maker_fee, fill.taker_fee) == (5_000, 20_000)
    [own] = own_fees(taker, [product])
    assert (own.tier, own.rates) == (1, (5, 20))
    assert trade(product, trader(product), trader(product)).taker_fee == 30_000
    audited(product)


def test_cc_brings_its_tier_and_the_maker_is_paid_by_the_fee_account(product: Product) -> None:
    maker, taker = trader(product), trader(product)
    fund(maker, asset_make("CC"), ONE)
    fill = trade(product, maker, taker)
    assert (fill.maker_fee, fill.taker_fee) == (-8_000, 30_000)
    assert wallet(maker, product)[2] == RICH + P10 + 8_000
    fees = Balance.objects.get(owner__platform_name=f"fees:{product.code}")
    assert fees.available == 22_000
    [rebate] = Transfer.objects.filter(kind=Transfer.Kind.FEE, from_balance=fees)
    assert (rebate.amount, rebate.to_balance.owner) == (8_000, maker)
    audited(product)


def test_cc_in_a_linked_wallet_brings_its_tier_until_it_is_unlinked(product: Product) -> None:
    maker, taker = trader(product), trader(product)
    linked = wallet_make(maker, f"0x{maker.pk:040x}")
    WalletHolding.objects.create(
        wallet=linked,
        asset=asset_make("CC"),
        amount=ONE,
        block_number=1,
        read_at=timezone.now(),
    )
    assert trade(product, maker, taker).maker_fee == -8_000
    [own] = own_fees(maker, [product])
    assert own.tier > 0
    Wallet.objects.filter(pk=linked.pk).update(unlinked_at=timezone.now())
    assert trade(product, maker, taker).maker_fee > 0
    audited(product)


def test_a_rebate_is_never_more_than_the_taker_of_the_trade_pays(product: Product) -> None:
    maker, taker = trader(product), trader(product)
    tiers = [Tier(None, ONE, -20, 10)]
    fees_change(product=product, user=None, maker_bps=10, taker_bps=30, tiers=tiers)
    for owner in (maker, taker):
        fund(owner, asset_make("CC"), ONE)
    fill = trade(product, maker, taker)
    assert (fill.maker_fee, fill.taker_fee) == (-10_000, 10_000)
    assert Balance.objects.get(owner__platform_name=f"fees:{product.code}").available == 0
    audited(product)


def test_an_auction_pays_rebates_too(product: Product) -> None:
    maker, taker = trader(product), trader(product)
    fund(maker, asset_make("CC"), ONE)
    product_change(product=product, user=None, state=Product.State.AUCTION)
    sell(product, maker, P10, ONE)
    buy(product, taker, P10, ONE)
    run_engine()
    assert not Fill.objects.exists()
    product_open(product=product, user=None)
    run_engine()
    fill = Fill.objects.get()
    assert (fill.maker_fee, fill.taker_fee) == (-8_000, 30_000)
    audited(product)


@pytest.mark.parametrize("batch_max", [1, 500])
def test_a_change_of_fees_takes_its_turn_in_the_journal(product: Product, batch_max: int) -> None:
    owner = trader(product)
    fund(owner, asset_make("CC"), ONE)
    before = buy(product, owner, P10, ONE)
    fees_change(product=product, user=None, maker_bps=0, taker_bps=5)
    between = buy(product, owner, P10, ONE)
    fees_change(product=product, user=None, maker_bps=1, taker_bps=4, tiers=[Tier(None, ONE, 0, 2)])
    after = buy(product, owner, P10, ONE)
    run_engine(batch_max)
    assert [rates(order) for order in (before, between, after)] == [(-8, 10), (0, 5), (0, 2)]
    product.refresh_from_db()
    assert (product.maker_bps, product.taker_bps) == (1, 4)
    assert product.fee_tiers == [[None, ONE, 0, 2]]
    changes = HistoryEntry.objects.filter(table_name="orderbook_product", operation="update")
    assert changes.latest("pk").after["taker_bps"] == 4
    audited(product)


def test_fills_are_counted_once_whoever_counts_and_in_whatever_sequence() -> None:
    first, second = market_make(), market_make()
    owner, quote = trader(first), first.quote_id
    now = timezone.now()
    ages = [(first, 1, 31), (first, 2, 0), (second, 1, 29), (second, 2, 30), (second, 3, 0)]
    for product, number, age_days in ages:
        maker, taker = order_rest(product, owner), order_rest(product, side=Side.SELL)
        at = now - timedelta(days=age_days)
        fill_write(maker, taker, size=ONE, number=number, created_at=at)
    assert volumes_count() == 5
    assert volumes_count() == 0
    totals = Volume.objects.filter(owner=owner).order_by("day").values_list("total", flat=True)
    assert list(totals) == [ONE, TWO, 3 * ONE, 5 * ONE]
    assert volume_of(owner, quote) == 3 * ONE
    assert list(volumes_equal_their_fills()) == []


def count_at_once(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one count is under way, somebody else begins another."""
    trade(product, trader(product), trader(product))
    pool, real, others = ThreadPoolExecutor(1), volumes._count, list[Future[None]]()

    def other() -> None:
        volumes_count()
        connection.close()

    def count(*arguments: int) -> None:
        if not others:
            others.append(pool.submit(other))
            wait(others, timeout=1)  # it is done by now, or it waits for us
        real(*arguments)

    monkeypatch.setattr(volumes, "_count", count)
    volumes_count()
    pool.shutdown()
    others[0].result()


def test_two_counts_at_once_count_nothing_twice(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_at_once(product, monkeypatch)
    assert list(volumes_equal_their_fills()) == []


def test_control_without_the_lock_they_do(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "_cursors_locked", VolumeCursor.objects.all)
    count_at_once(product, monkeypatch)
    assert list(volumes_equal_their_fills()) != []


def test_a_volume_that_is_not_its_fills_is_found(product: Product) -> None:
    maker = trader(product)
    trade(product, maker, trader(product))
    volumes_count()
    assert list(volumes_equal_their_fills()) == []
    Volume.objects.filter(owner=maker).update(total=1)
    assert list(volumes_equal_their_fills()) == [
        f"owner {maker.pk}: volume 1, the fills say 10000000"
    ]


def test_a_fee_that_did_not_reach_its_account_is_found(product: Product) -> None:
    trade(product, trader(product), trader(product))
    assert list(fees_reach_their_account()) == []
    maker, taker = order_rest(product), order_rest(product, side=Side.SELL)
    number = ProductLease.objects.get(pk=product.pk).trade_number + 1
    fill_write(maker, taker, size=ONE, number=number, taker_fee=7)
    assert list(fees_reach_their_account()) == [
        f"product {product.pk}: its fee account got 40000, the fills say 40007"
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"maker_bps": 31}, "maker_bps"),
        ({"maker_bps": -10_000}, "maker_bps"),
        ({"taker_bps": 10_000}, "taker_bps"),
        ({"tiers": [Tier(None, None, 0, 10)]}, "tiers"),
        ({"tiers": [Tier(0, None, 0, 10)]}, "tiers"),
        ({"tiers": [Tier(1, None, 0, 31)]}, "tiers"),
        ({"tiers": [Tier(1, None, 11, 20)]}, "tiers"),
        ({"tiers": [Tier(1, None, 9, 8)]}, "tiers"),
        ({"tiers": [Tier(1, None, 0, 10), Tier(1, None, 0, 5)]}, "tiers"),
        ({"tiers": [Tier(number, None, 0, 10) for number in range(1, 22)]}, "tiers"),
    ],
)
def test_fees_out_of_order_are_refused(wrong: dict[str, object], field: str) -> None:
    fees: dict[str, object] = {"maker_bps": 10, "taker_bps": 30} | wrong
    with pytest.raises(InvalidProduct) as refused:
        fees_change(product=market_make(), user=None, **fees)  # type: ignore[arg-type]
    assert refused.value.field == field
