"""An organisation's accounts trade, pay fees and spend as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.accounts.models import Owner
from apps.accounts.services.sub_accounts import sub_account_open
from apps.orderbook.engine.fees import Tier
from apps.orderbook.models import Fill, Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus, SelfTrade
from apps.orderbook.selectors.fees import cc_of, own_fees, volume_of
from apps.orderbook.services.fees import fees_change
from apps.orderbook.services.quotes import trading_entity
from apps.orderbook.services.volumes import volumes_count
from tests.support.bulk_executions import ask_for, company_make, offer
from tests.support.bulk_orders import cash, file_of, planned
from tests.support.departments import departments_make
from tests.support.engines import (
    RICH,
    broken_invariants,
    buy,
    entities_forget,
    market_make,
    run_engine,
    sell,
    trader,
)
from tests.support.factories import asset_make, fund

pytestmark = pytest.mark.django_db(transaction=True)

ONE = 1_000_000
P10 = 10_000_000


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


def accounts_in(product: Product) -> tuple[Owner, Owner, Owner]:
    """A main account and two sub-accounts, each with plenty to trade."""
    world = departments_make()
    owners = world.main, world.fleet, world.travel
    for owner in owners:
        for asset in (product.base, product.quote):
            fund(owner, asset, RICH)
    return owners


def test_no_two_accounts_of_an_organisation_trade_with_each_other(product: Product) -> None:
    main, fleet, travel = accounts_in(product)
    assert {trading_entity(owner) for owner in (main, fleet, travel)} == {main.pk}
    resting = sell(product, fleet, P10, ONE)
    run_engine()
    takers = [buy(product, owner, P10, ONE, self_trade=SelfTrade.CN) for owner in (main, travel)]
    run_engine()
    assert not Fill.objects.exists()
    for taker in takers:
        assert Order.objects.get(pk=taker).done_reason == DoneReason.SELF_TRADE
    assert Order.objects.get(pk=resting).status == OrderStatus.OPEN
    buy(product, trader(product), P10, ONE)
    run_engine()
    assert Fill.objects.get().maker_owner == fleet
    assert broken_invariants() == []


def test_control_without_the_entity_they_would_trade(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    entities_forget(monkeypatch)
    _main, fleet, travel = accounts_in(product)
    sell(product, fleet, P10, ONE)
    buy(product, travel, P10, ONE)
    run_engine()
    assert Fill.objects.count() == 1


def test_fee_tiers_count_what_all_accounts_traded_and_have(product: Product) -> None:
    tiers = [Tier(2 * P10, None, 5, 20), Tier(None, ONE, -8, 10)]
    fees_change(product=product, user=None, maker_bps=10, taker_bps=30, tiers=tiers)
    main, fleet, travel = accounts_in(product)
    for owner in (main, fleet):
        sell(product, owner, P10, ONE)
        buy(product, trader(product), P10, ONE)
        run_engine()
    volumes_count()
    assert volume_of(travel, product.quote_id) == 2 * P10
    pks = [sell(product, owner, 2 * P10, ONE) for owner in (main, fleet, travel)]
    run_engine()
    rates = Order.objects.filter(pk__in=pks).values_list("maker_bps", "taker_bps")
    assert set(rates) == {(5, 20)}
    fund(fleet, asset_make("CC"), ONE)
    assert cc_of(travel) == ONE
    late = sell(product, travel, 2 * P10, ONE)
    run_engine()
    assert Order.objects.get(pk=late).maker_bps == -8
    product.refresh_from_db()
    assert [own.tier for own in own_fees(travel, [product])] == [2]


def test_what_a_day_s_bulk_orders_spend_counts_whichever_account_pays(
    tmp_path: Path, settings: Settings
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    company = company_make()
    fleet = sub_account_open(organisation=company.organisation, name="Fleet", by=company.boss)
    fund(fleet, cash(), 100 * ONE)
    company.bound(second_above=10)
    offer(1, 2023, (2, 100))
    run_engine()
    orders = [
        company.order({"tonnes": 3}),
        planned(file_of({"tonnes": 3}), by=company.trader, owner=fleet),
    ]
    asked = [ask_for(order, company.trader) for order in orders]
    assert [execution.needs_second for execution in asked] == [False, True]
