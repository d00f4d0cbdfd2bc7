"""Listing, halting and opening markets."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.errors import Conflict
from apps.orderbook.ids import id_make
from apps.orderbook.models import Command, Product, ProductLease
from apps.orderbook.models.enums import CommandKind
from apps.orderbook.services.products import (
    InvalidProduct,
    product_change,
    product_create,
    product_halt,
    product_open,
)
from tests.support.factories import asset_make, user_make
from tests.support.markets import TONNE, limit_place, product_make

pytestmark = pytest.mark.django_db

TERMS = {
    "price_increment": 10_000,
    "size_increment": 1_000,
    "size_min": 1_000,
    "size_max": 10_000 * TONNE,
}


def create(**change: Any) -> Product:
    base, quote = asset_make(change.pop("base", "VCS-1-2020")), asset_make("CC")
    return product_create(base=base, quote=quote, **{**TERMS, **change})


def test_a_market_comes_with_its_numbers_and_its_lease() -> None:
    product = create(maker_bps=10, taker_bps=20)
    assert (product.code, product.state) == ("VCS-1-2020-CC", Product.State.OPEN)
    assert limit_place(product).pk == id_make(product.pk, 1)
    assert ProductLease.objects.get(product=product).cursor == id_make(product.pk, 1) - 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price_increment": 1, "size_increment": 1}, "price_increment"),
        ({"price_increment": 999}, "price_increment"),
        ({"size_min": 1_500}, "size_min"),
        ({"size_max": 1_500}, "size_max"),
        ({"size_min": 0}, "size_min"),
        ({"size_min": 2_000, "size_max": 1_000}, "size_max"),
        ({"size_max": 2**63 // 1_000 * 1_000 + 1_000}, "size_max"),
        ({"price_increment": 10**12, "size_max": 10**18}, "size_max"),
        ({"price_increment": 0}, "price_increment"),
        ({"size_increment": -1_000}, "size_increment"),
        ({"taker_bps": 10_000}, "taker_bps"),
        ({"taker_bps": -1}, "taker_bps"),
        ({"maker_bps": 30, "taker_bps": 20}, "maker_bps"),
        ({"base": "VCS_1"}, "base"),
        ({"base": "vcs-1"}, "base"),
        ({"base": "VCS--1"}, "base"),
        ({"base": "A/B"}, "base"),
        ({"base": "CC"}, "quote"),
    ],
)
def test_a_market_that_could_not_work_is_not_listed(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidProduct) as refusal:
        create(**change)
    assert refusal.value.message
    assert refusal.value.field == field
    assert not Product.objects.exists()


def test_a_pair_is_listed_once() -> None:
    create()
    with pytest.raises(Conflict):
        create()
    assert Product.objects.count() == 1


def test_the_database_itself_refuses_increments_that_are_not_exact() -> None:
    product = create()
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(price_increment=999)


def test_what_a_market_takes_is_changed_through_the_journal(
    django_capture_on_commit_callbacks: Any,
) -> None:
    product, staff = product_make(), user_make()
    with django_capture_on_commit_callbacks() as rings:
        product_halt(product=product, user=staff)
        product_open(product=product, user=None)
        product_change(product=product, user=None, band_bps=100, size_min=product.size_min)
    commands = Command.objects.order_by("pk")
    assert [(c.kind, c.user, c.rules) for c in commands] == [
        (CommandKind.CHANGE, staff, '{"state":"halted"}'),
        (CommandKind.CHANGE, None, '{"state":"open"}'),
        (CommandKind.CHANGE, None, '{"band_bps":100}'),
    ]
    assert len(rings) == 3, "the engine is told each time"
    assert Product.objects.get().state == Product.State.OPEN, "the engine decides"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size_min": 0}, "size_min"),
        ({"size_min": 1_500}, "size_min"),
        ({"size_max": 2**63 // 1_000 * 1_000 + 1_000}, "size_max"),
        ({"notional_min": -1}, "notional_min"),
        ({"notional_min": 2, "notional_max": 1}, "notional_max"),
        ({"band_bps": 10_000}, "band_bps"),
        ({"breaker_bps": -1}, "breaker_bps"),
        ({"breaker_bps": 100}, "breaker_window_s"),
        ({"auction_s": 86_401}, "auction_s"),
    ],
)
def test_rules_that_could_not_work_never_reach_the_journal(
    change: dict[str, int], field: str
) -> None:
    with pytest.raises(InvalidProduct) as refusal:
        product_change(product=product_make(), user=None, **change)
    assert refusal.value.field == field
    assert not Command.objects.exists()


def test_numbers_of_two_markets_never_meet() -> None:
    one, two = product_make(), product_make()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT orderbook_command_id(%s), orderbook_command_id(%s)", [one.pk, two.pk]
        )
        assert cursor.fetchone() == (id_make(one.pk, 1), id_make(two.pk, 1))
