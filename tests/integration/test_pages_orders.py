"""Trading from a market's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Command, Order, Product
from apps.orderbook.models.enums import OrderStatus, Side
from tests.support.engines import trader
from tests.support.factories import TONNE, client_of, fund, organisation_make, user_make
from tests.support.markets import limit_place, product_make, state_write
from tests.support.pages import breaks_of_policy, hidden_of, text_of
from tests.support.site import engine_running

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def product(transactional_db: None) -> Product:
    return product_make("VCS-7-2020", quote="USDC", taker_bps=20)


@pytest.fixture
def buyer(product: Product) -> User:
    """Somebody with a thousand dollars."""
    user = user_make()
    fund(user.owner, product.quote, 1_000 * TONNE)
    return user


@pytest.fixture
def open_market(product: Product) -> Iterator[Product]:
    """The market with an engine and two tonnes offered at 5."""
    with engine_running():
        limit_place(product, trader(product), side=Side.SELL, price=5 * TONNE, size=2 * TONNE)
        yield product


def place(client: Client, product: Product, **fields: str) -> Any:
    form = {"side": "buy", "order_type": "limit", "unit": "kg", "client_oid": "one", **fields}
    return client.post(f"/markets/{product.code}/orders", form, headers=HTMX)


def told(answer: Any) -> str:
    return text_of(answer, ".notice")


def test_a_buy_that_meets_an_offer_says_what_was_bought(open_market: Product, buyer: User) -> None:
    answer = place(client_of(buyer), open_market, price="5", size="250")
    assert told(answer) == "Bought 250 kg at 5.00 USDC per tonne."
    assert answer["HX-Trigger"] == "orders-changed"
    mine = text_of(client_of(buyer).get(f"/markets/{open_market.code}/mine"), "dl")
    assert "VCS-7-2020, available 250 kg" in mine
    # 1.25 and a fee of 0.2 %.
    assert "USDC, available 998.7475" in mine


def test_a_market_order_is_filled_as_far_as_the_book_goes(
    open_market: Product, buyer: User
) -> None:
    answer = place(client_of(buyer), open_market, order_type="market", price="", size="3", unit="t")
    assert told(answer).startswith("Bought 2 t at 5.00 USDC per tonne.")
    assert "nothing more to offer" in told(answer)


def test_an_order_below_the_market_rests_and_can_be_cancelled(
    open_market: Product, buyer: User
) -> None:
    client = client_of(buyer)
    assert told(place(client, open_market, price="4", size="1", unit="t")).startswith("Your order")
    page = client.get(f"/markets/{open_market.code}")
    assert "held 4.00" in text_of(page, "#mine")
    order = Order.objects.get(owner=buyer.owner)
    cancelled = client.post(
        f"/markets/{open_market.code}/orders/{order_uuid(order.pk)}/cancel", headers=HTMX
    )
    assert "You have no open order here." in cancelled.content.decode()
    order.refresh_from_db()
    assert order.status == OrderStatus.DONE


def test_cancelling_twice_says_that_it_is_over(open_market: Product, buyer: User) -> None:
    client = client_of(buyer)
    place(client, open_market, price="4", size="1", unit="t")
    order = Order.objects.get(owner=buyer.owner)
    path = f"/markets/{open_market.code}/orders/{order_uuid(order.pk)}/cancel"
    client.post(path, headers=HTMX)
    assert told(client.post(path, headers=HTMX)) == "Order already done"


def test_nobody_cancels_the_order_of_another(open_market: Product, buyer: User) -> None:
    place(client_of(buyer), open_market, price="4", size="1", unit="t")
    order = Order.objects.get(owner=buyer.owner)
    answer = client_of(user_make()).post(
        f"/markets/{open_market.code}/orders/{order_uuid(order.pk)}/cancel", headers=HTMX
    )
    assert told(answer) == "order not found"
    order.refresh_from_db()
    assert order.status == OrderStatus.OPEN


def test_an_order_beyond_the_balance_is_refused_with_what_to_do(
    open_market: Product, buyer: User
) -> None:
    answer = place(client_of(buyer), open_market, price="5", size="1000", unit="t")
    assert "does not cover this order" in told(answer)


def test_pressing_the_button_twice_places_one_order(open_market: Product, buyer: User) -> None:
    client = client_of(buyer)
    form = client.get(f"/markets/{open_market.code}")
    key = hidden_of(form, "client_oid")
    first = place(client, open_market, price="4", size="1", client_oid=key)
    again = place(client, open_market, price="4", size="1", client_oid=key)
    assert told(first) == told(again) == "Your order rests in the book."
    assert Command.objects.filter(owner=buyer.owner).count() == 1
    assert hidden_of(first, "client_oid") != key


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"price": "5", "size": ""}, "This field is required."),
        ({"price": "", "size": "1"}, "Give a price, or choose a market order."),
        ({"price": "0", "size": "1"}, "Prices in this market move in steps of 0.01."),
        ({"price": "5.001", "size": "1"}, "Prices in this market move in steps of 0.01."),
        ({"price": "five", "size": "1"}, "Write an amount like 12.5"),
        ({"price": "5", "size": "1", "unit": "g"}, "The smallest order in this market is 1 kg."),
        ({"price": "5", "size": "1.5"}, "This market trades in steps of 1 kg."),
        ({"price": "5", "size": "99999", "unit": "t"}, "The largest order in this market is"),
        ({"price": "5", "size": "0.5", "unit": "g"}, "The smallest amount is one gram"),
        ({"price": "99999999999", "size": "9999", "unit": "t"}, "The order's value is too large"),
    ],
)
def test_what_the_form_refuses_it_says_beside_the_field(
    product: Product, buyer: User, fields: dict[str, str], said: str
) -> None:
    answer = place(client_of(buyer), product, **fields)
    assert said in text_of(answer, "form")
    assert "HX-Trigger" not in answer
    assert not Command.objects.exists()


def test_without_an_engine_the_order_is_accepted_and_listed(
    product: Product, buyer: User, settings: Any
) -> None:
    settings.VERDICT_WAIT_S_DEFAULT = 0
    client = client_of(buyer)
    assert "waits for the engine" in told(place(client, product, price="4", size="1"))
    assert "4.00" in text_of(client.get(f"/markets/{product.code}/mine"), "table")


def test_a_halted_market_takes_no_order_and_says_so(product: Product, buyer: User) -> None:
    Product.objects.filter(pk=product.pk).update(state=Product.State.HALTED)
    client = client_of(buyer)
    assert "This market is halted" in text_of(client.get(f"/markets/{product.code}"))
    assert "halted" in told(place(client, product, price="4", size="1"))


def test_without_javascript_the_answer_is_a_message_on_the_page(
    product: Product, buyer: User, settings: Any
) -> None:
    settings.VERDICT_WAIT_S_DEFAULT = 0
    client = client_of(buyer)
    form = {
        "side": "buy",
        "order_type": "limit",
        "price": "4",
        "size": "1",
        "unit": "t",
        "client_oid": "one",
    }
    answer = client.post(f"/markets/{product.code}/orders", form, follow=True)
    assert answer.redirect_chain == [(f"/markets/{product.code}", 302)]
    assert "waits for the engine" in text_of(answer, "#messages")


def test_who_may_only_look_places_nothing(product: Product) -> None:
    viewer = user_make()
    organisation = organisation_make(viewer=viewer)
    client = client_of(viewer)
    client.post("/account/acting/", {"organisation": organisation.pk})
    answer = place(client, product, price="4", size="1")
    assert answer.status_code == 200
    assert "may not" in answer.content.decode()
    assert not Command.objects.exists()


def test_a_stranger_is_sent_to_sign_in(product: Product) -> None:
    assert place(Client(), product, price="4", size="1").status_code == 302
    assert Client().get(f"/markets/{product.code}/mine").status_code == 302


def test_the_page_of_a_signed_in_person_keeps_to_the_security_policy(
    product: Product, buyer: User
) -> None:
    assert breaks_of_policy(client_of(buyer).get(f"/markets/{product.code}")) == []


def test_the_page_says_where_an_auction_stands_and_asks_again_sooner(
    product: Product, buyer: User
) -> None:
    address = f"/markets/{product.code}/state"
    assert "auction" not in Client().get(address).content.decode()
    state_write(product, Product.State.AUCTION)
    quiet = Client().get(address)
    assert told(quiet).endswith("If it ended now, nothing would trade.")
    assert 'hx-trigger="every 2s"' in quiet.content.decode()
    with engine_running():
        limit_place(product, trader(product), side=Side.SELL, price=5 * TONNE, size=2 * TONNE)
        place(client_of(buyer), product, price="6", size="250")
    assert told(Client().get(address)).endswith("If it ended now, 250 kg would trade at 5.00 USDC.")
    assert "250 kg would trade" in text_of(Client().get(f"/markets/{product.code}"), ".notice")
