"""What webhooks hear of: trades, orders that are over, deposits, retirements."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import Asset, BankTransfer, Owner, WebhookEvent, WebhookMessage
from apps.accounts.services.bank_transfers import bank_transfer_decide, bank_transfer_propose
from apps.accounts.webhooks.endpoints import webhook_create
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Product
from apps.orderbook.services.commands import order_cancel
from apps.orderbook.webhooks import orders_tell
from apps.registry.services.retirements import retirement_create
from tests.support.engines import buy, market_make, run_engine, sell, trader
from tests.support.factories import asset_make, owner_make, staff_make
from tests.support.registry import holder_make

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO = 1_000_000, 2_000_000
P10 = 10_000_000
ORDERS = (WebhookEvent.ORDER_FILL, WebhookEvent.ORDER_DONE)


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


def listen(owner: Owner, *events: WebhookEvent) -> None:
    assert owner.user is not None
    webhook_create(owner=owner, user=owner.user, url="https://1.1.1.1/", events=events or ORDERS)


def told(owner: Owner) -> list[tuple[str, Any]]:
    rows = WebhookMessage.objects.filter(endpoint__owner=owner).order_by("pk")
    return list(rows.values_list("event", "data"))


def test_both_sides_hear_of_their_trade_and_of_the_end_of_their_orders(product: Product) -> None:
    seller, buyer, stranger = trader(product), trader(product), trader(product)
    for owner in (seller, buyer, stranger):
        listen(owner)
    ask, bid = sell(product, seller, P10, TWO), buy(product, buyer, P10, ONE)
    run_engine()
    assert orders_tell() == 3
    [(kind, fill)] = told(seller)
    assert (kind, fill["liquidity"], fill["side"], fill["fee"]) == (
        "order.fill",
        "M",
        "sell",
        "0.01",
    )
    assert fill["order_id"] == str(order_uuid(ask))
    [(_, taken), (kind, order)] = told(buyer)
    assert (taken["liquidity"], taken["size"], taken["fee"]) == ("T", "1", "0.03")
    assert (kind, order["id"], order["status"]) == ("order.done", str(order_uuid(bid)), "done")
    assert told(stranger) == []


def test_a_cancelled_order_is_over(product: Product) -> None:
    owner = trader(product)
    listen(owner, WebhookEvent.ORDER_DONE)
    order_id = buy(product, owner, P10, ONE)
    order_cancel(owner=owner, user=None, order_id=order_id)
    run_engine()
    orders_tell()
    [(kind, order)] = told(owner)
    assert (kind, order["done_reason"]) == ("order.done", "canceled")


def test_nothing_is_told_twice_and_nothing_from_before(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, ONE), buy(product, buyer, P10, ONE)
    run_engine()
    listen(seller, WebhookEvent.ORDER_FILL)
    assert orders_tell() == 0
    sell(product, seller, P10, ONE), buy(product, buyer, P10, ONE)
    run_engine()
    listen(buyer, WebhookEvent.ORDER_FILL)
    assert orders_tell() == 1
    assert orders_tell() == 0
    sell(product, seller, P10, ONE), buy(product, buyer, P10, ONE)
    run_engine()
    assert orders_tell() == 2


def test_a_deposit_is_told_when_it_is_let_in() -> None:
    owner, usdc = owner_make(), asset_make("USDC", kind=Asset.Kind.CASH)
    listen(owner, WebhookEvent.DEPOSIT)
    transfer = bank_transfer_propose(
        owner=owner,
        asset=usdc,
        amount=5_500_000,
        bank_reference="B-1",
        by=staff_make(("add", BankTransfer)),
    )
    assert told(owner) == []
    bank_transfer_decide(
        proposal=transfer, decision="approved", by=staff_make(("change", BankTransfer))
    )
    assert told(owner) == [
        ("deposit.credited", {"currency": "USDC", "amount": "5.5", "reference": "B-1"})
    ]


def test_a_retirement_is_told_with_its_certificate() -> None:
    owner, credit_class = holder_make()
    listen(owner, WebhookEvent.RETIREMENT)
    for _ in range(2):
        retirement = retirement_create(
            owner=owner,
            credit_class=credit_class,
            amount_grams=1_500_000,
            beneficiary="Somebody",
            idempotency_key="k",
        )
    [(kind, data)] = told(owner)
    assert (kind, data["number"], data["amount"]) == (
        "retirement.created",
        retirement.number,
        "1.5",
    )
    assert data["certificate_url"].endswith(f"/certificates/{retirement.number}")
