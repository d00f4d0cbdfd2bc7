"""The admin of markets and trading: what it shows, and the little that it changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Command, Event, Fill, Order, Product, ProductLease
from apps.orderbook.models.enums import Side
from tests.support.factories import asset_make, client_of, user_make
from tests.support.markets import (
    TONNE,
    event_write,
    fill_write,
    limit_place,
    order_rest,
    product_make,
    state_write,
)

pytestmark = pytest.mark.django_db

MODELS = [Command, Event, Fill, Order, Product, ProductLease]
LONG = [Command, Event, Fill, Order]
NEW = {
    "price_increment": "0.01",
    "size_increment": "0.001",
    "size_min": "0.001",
    "size_max": "1000",
    "maker_bps": "10",
    "taker_bps": "20",
}


def url(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def superuser() -> Client:
    return client_of(user_make(is_staff=True, is_superuser=True))


@pytest.fixture
def product() -> Product:
    return product_make("VCS-1-2020", "CC")


@pytest.fixture
def rows(product: Product) -> dict[type, Any]:
    """A row of each table."""
    maker = order_rest(product, side=Side.SELL, size=2 * TONNE)
    fill = fill_write(maker, order_rest(product), size=TONNE, number=1)
    event = event_write(command := limit_place(product, client_oid="mine"))
    lease = ProductLease.objects.get(product=product)
    return {
        Command: command,
        Event: event,
        Fill: fill,
        Order: maker,
        Product: product,
        ProductLease: lease,
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_table_and_row_can_be_looked_at(
    superuser: Client, rows: dict[type, Any], model: type
) -> None:
    assert superuser.get(url(model, "changelist")).status_code == 200
    assert superuser.get(url(model, "change", rows[model].pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_no_row_can_be_changed_or_deleted(
    superuser: Client, rows: dict[type, Any], model: type
) -> None:
    pk = rows[model].pk
    assert superuser.post(url(model, "change", pk), {"state": "halted"}).status_code == 403
    assert superuser.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
    if model is not Product:
        assert superuser.get(url(model, "add")).status_code == 403


@pytest.mark.parametrize("model", LONG)
def test_a_long_table_is_never_counted(
    superuser: Client, rows: dict[type, Any], model: type
) -> None:
    market = f"?market={rows[Product].pk}"
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = superuser.get(url(model, "changelist") + market)
    assert page.context["cl"].result_list
    table = model._meta.db_table
    assert not [q for q in queries if "COUNT(" in q["sql"].upper() and table in q["sql"]]


@pytest.mark.parametrize("model", LONG)
def test_the_market_filter_shows_one_market(
    superuser: Client, rows: dict[type, Any], model: type
) -> None:
    other = product_make()
    page = superuser.get(url(model, "changelist") + f"?market={other.pk}")
    assert not page.context["cl"].result_list
    for nonsense in ("x", "-1", "9" * 40):
        assert superuser.get(url(model, "changelist") + f"?market={nonsense}").status_code < 500


def test_an_order_is_found_by_the_id_its_owner_sees(
    superuser: Client, rows: dict[type, Any]
) -> None:
    order = rows[Order]
    for term in (str(order_uuid(order.pk)), str(order.pk)):
        page = superuser.get(url(Order, "changelist"), {"q": term})
        assert list(page.context["cl"].result_list) == [order]
    for term in ("nothing", "9" * 30, "d0c5340b-6d6c-49d9-b567-48c4bfca13d2"):
        page = superuser.get(url(Order, "changelist"), {"q": term})
        assert not page.context["cl"].result_list


def test_a_market_is_listed_in_whole_units(superuser: Client) -> None:
    pair = {"base": asset_make("VCS-2-2021").pk, "quote": asset_make("CC").pk}
    page = superuser.post(url(Product, "add"), NEW | pair)
    assert page.status_code == 302
    product = Product.objects.get()
    assert (product.code, product.price_increment) == ("VCS-2-2021-CC", 10_000)
    assert (product.size_max, product.taker_bps) == (1_000 * TONNE, 20)


@pytest.mark.parametrize("change", [{"size_increment": "0.00001"}, {"maker_bps": "30"}])
def test_a_market_that_could_not_work_is_refused_with_a_sentence(
    superuser: Client, change: dict[str, str]
) -> None:
    pair = {"base": asset_make("VCS-2-2021").pk, "quote": asset_make("CC").pk}
    page = superuser.post(url(Product, "add"), NEW | pair | change, follow=True)
    assert page.status_code == 200
    assert not Product.objects.exists()


def test_a_market_is_halted_and_opened_by_who_may(product: Product) -> None:
    staff = user_make(is_staff=True)
    for codename in ("view_product", "change_product"):
        staff.user_permissions.add(Permission.objects.get(codename=codename))
    client = client_of(User.objects.get(pk=staff.pk))
    for name, state in (("halt", Product.State.HALTED), ("open", Product.State.OPEN)):
        address = reverse(f"admin:orderbook_product_{name}", args=[product.pk])
        assert client.post(address, {"_form_submitted": "on"}).status_code == 302
        command = Command.objects.latest("pk")
        assert (command.user, command.rules) == (staff, f'{{"state":"{state}"}}')
        state_write(product, state)


def test_the_rules_of_a_market_are_changed_in_whole_units(
    superuser: Client, product: Product
) -> None:
    address = reverse("admin:orderbook_product_rules", args=[product.pk])
    page = superuser.get(address)
    assert 'value="0.001"' in page.content.decode()
    same = {
        "size_min": "0.001", "size_max": "10000", "notional_min": "0", "notional_max": "",
        "band_bps": "0", "breaker_bps": "0", "breaker_window_s": "0", "breaker_pause_s": "0",
        "auction_s": "0", "_form_submitted": "on",
    }  # fmt: skip
    change = {"notional_min": "2.5", "notional_max": "1000", "band_bps": "500"}
    assert superuser.post(address, same | change).status_code == 302
    assert Command.objects.get().rules == (
        '{"band_bps":500,"notional_max":1000000000,"notional_min":2500000}'
    )
    superuser.post(address, same | {"size_min": "0.0015"})
    assert Command.objects.count() == 1


def test_the_fees_of_a_market_are_changed_with_their_tiers(
    superuser: Client, product: Product
) -> None:
    Product.objects.update(fee_tiers=[[5_000_000, None, 0, 15]])
    address = reverse("admin:orderbook_product_fees", args=[product.pk])
    assert "5 - 0 15" in superuser.get(address).content.decode()
    form = {"maker_bps": "0", "taker_bps": "20", "_form_submitted": "on"}
    superuser.post(address, form | {"tiers": "50000 - -2 15\n\n- 1000.5 -5 10"})
    assert Command.objects.get().rules == (
        '{"fees":{"maker_bps":0,"taker_bps":20,'
        '"tiers":[[50000000000,null,-2,15],[null,1000500000,-5,10]]}}'
    )
    for wrong in ("50000 - 5", "x - 0 10", "- - 0 10", "1 - 0 30"):
        superuser.post(address, form | {"tiers": wrong})
    assert Command.objects.count() == 1


@pytest.mark.parametrize("state", ["auction", "post_only", "cancel_only"])
def test_a_market_goes_into_any_state(superuser: Client, product: Product, state: str) -> None:
    address = reverse("admin:orderbook_product_state", args=[product.pk])
    form = {"state": state, "_form_submitted": "on"}
    assert superuser.post(address, form).status_code == 302
    assert Command.objects.get().rules == f'{{"state":"{state}"}}'


def test_who_may_only_look_halts_nothing(product: Product) -> None:
    staff = user_make(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_product"))
    client = client_of(User.objects.get(pk=staff.pk))
    assert client.get(url(Product, "change", product.pk)).status_code == 200
    client.post(
        reverse("admin:orderbook_product_halt", args=[product.pk]), {"_form_submitted": "on"}
    )
    for name in ("rules", "state", "fees"):
        address = reverse(f"admin:orderbook_product_{name}", args=[product.pk])
        client.post(address, {"_form_submitted": "on", "state": "halted", "band_bps": "1"})
    assert not Command.objects.exists()
