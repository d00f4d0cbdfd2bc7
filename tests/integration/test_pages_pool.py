"""Pledging for CC from the page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Asset, Owner, User
from apps.accounts.selectors import balance_of
from apps.nft.models import Pledge, PoolRule
from apps.orderbook.models.enums import Side
from apps.registry.models import CreditClass
from tests.support.factories import TONNE, asset_make, client_of, user_make
from tests.support.markets import fill_write, order_rest, product_make
from tests.support.pages import figures_of, text_of
from tests.support.registry import block_make, holder_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder() -> tuple[Owner, CreditClass]:
    """Somebody with two tonnes of a class that the pool takes."""
    asset_make("CC", kind=Asset.Kind.CC)
    PoolRule.objects.create(vintage_from=2020)
    return holder_make(block_make(tonnes=2))


def person(holder: tuple[Owner, CreditClass]) -> User:
    user = holder[0].user
    assert isinstance(user, User)
    return user


def pledge(holder: tuple[Owner, CreditClass], action: str = "pledge", **fields: str) -> Any:
    form = {
        "credit_class": holder[1].code,
        "amount": "750",
        "unit": "kg",
        "idempotency_key": "key",
        **fields,
    }
    return client_of(person(holder)).post(f"/pool/{action}", form, follow=True)


def test_a_pledge_gives_as_much_cc(holder: tuple[Owner, CreditClass]) -> None:
    answer = pledge(holder)
    assert "You pledged 750 kg" in text_of(answer, "#messages")
    assert figures_of(answer) == {"Credits": "1.25 t", "CC": "0.75 CC"}
    assert balance_of(holder[0], Asset.objects.get(code="CC")).available == 750_000


def test_the_page_shows_supply_and_backing_as_equal(holder: tuple[Owner, CreditClass]) -> None:
    pledge(holder)
    page = Client().get("/pool")
    assert figures_of(page) == {"CC in circulation": "0.75 CC", "Credits behind it": "750 kg"}
    assert "vintage 2020 or newer" in text_of(page)
    assert "VCS-1987-2023" in text_of(page)
    assert "In the pool: 750 kg" in text_of(Client().get("/transparency"))


def test_sending_the_form_twice_pledges_once(holder: tuple[Owner, CreditClass]) -> None:
    for _press in range(2):
        assert pledge(holder, amount="2", unit="t").status_code == 200
    assert Pledge.objects.get().amount_grams == 2 * TONNE


def test_more_than_the_balance_is_refused_beside_the_amount(
    holder: tuple[Owner, CreditClass],
) -> None:
    answer = pledge(holder, amount="3", unit="t")
    assert answer.status_code == 422
    assert "does not cover" in text_of(answer, "#id_amount_error")
    assert not Pledge.objects.exists()


def test_a_class_that_the_pool_does_not_take_cannot_be_chosen(
    holder: tuple[Owner, CreditClass],
) -> None:
    PoolRule.objects.update(vintage_from=2024)
    answer = pledge(holder)
    assert answer.status_code == 422
    assert not Pledge.objects.exists()


def test_with_nothing_eligible_the_page_says_so() -> None:
    assert "You have no eligible credits" in text_of(client_of(user_make()).get("/pool/pledge"))


def test_a_stranger_is_sent_to_sign_in() -> None:
    assert Client().get("/pool/pledge").status_code == 302


def test_cc_given_back_brings_credits_of_a_class_of_the_pool(
    holder: tuple[Owner, CreditClass],
) -> None:
    pledge(holder)
    answer = pledge(holder, "redeem", amount="200", idempotency_key="back")
    assert "You gave CC back for 200 kg of VCS-1987-2023." in text_of(answer, "#messages")
    assert figures_of(answer) == {"Credits": "1.45 t", "CC": "0.549 CC"}, "0.001 CC for choosing"


def test_who_chooses_no_class_pays_no_fee(holder: tuple[Owner, CreditClass]) -> None:
    pledge(holder)
    page = client_of(person(holder)).get("/pool/redeem")
    assert "What came into the pool first, free" in text_of(page)
    answer = pledge(holder, "redeem", credit_class="", amount="250", idempotency_key="back")
    assert "You gave CC back for 250 kg of VCS-1987-2023." in text_of(answer, "#messages")
    assert figures_of(answer) == {"Credits": "1.5 t", "CC": "0.50 CC"}


def test_the_page_shows_what_classes_cost_against_the_pool(
    holder: tuple[Owner, CreditClass],
) -> None:
    pledge(holder)
    assert "–" in text_of(Client().get("/pool"), "tbody")
    market = product_make(holder[1].asset.code)
    maker, taker = (order_rest(market, side=side, price=1_050_000) for side in Side)
    fill_write(maker, taker, size=TONNE, number=1)
    assert "+5.00%" in text_of(Client().get("/pool"), "tbody")


def test_giving_back_twice_with_one_form_gives_back_once(
    holder: tuple[Owner, CreditClass],
) -> None:
    pledge(holder)
    for _press in range(2):
        answer = pledge(holder, "redeem", credit_class="", idempotency_key="back")
        assert "You gave CC back" in text_of(answer, "#messages")
    assert balance_of(holder[0], Asset.objects.get(code="CC")).available == 0


def test_nobody_gives_back_more_cc_than_they_have(holder: tuple[Owner, CreditClass]) -> None:
    pledge(holder)
    answer = pledge(holder, "redeem", amount="751", idempotency_key="back")
    assert answer.status_code == 422
    assert "does not cover" in text_of(answer, "#id_amount_error")


def test_without_cc_the_page_says_where_to_get_some() -> None:
    assert "You have no CC" in text_of(client_of(user_make()).get("/pool/redeem"))


def test_the_pool_of_an_empty_database_says_that_it_is_empty() -> None:
    page = text_of(Client().get("/pool"))
    assert "The pool takes nothing at the moment." in page
    assert "The pool is empty" in page
