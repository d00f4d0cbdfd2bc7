"""Retiring from the pages: fill in, read, confirm, certificate."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Owner, User
from apps.accounts.selectors import balance_of
from apps.registry.models import CreditClass, Retirement
from tests.support.factories import TONNE, client_of, organisation_make, user_make
from tests.support.pages import breaks_of_policy, hidden_of, soup_of, text_of
from tests.support.registry import block_make, broken_invariants, holder_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder() -> tuple[Owner, CreditClass]:
    """Somebody with two tonnes of one class."""
    return holder_make(block_make(tonnes=2))


def browser_of(holder: tuple[Owner, CreditClass]) -> Client:
    user = holder[0].user
    assert isinstance(user, User)
    return client_of(user)


def filled(holder: tuple[Owner, CreditClass], **fields: str) -> dict[str, str]:
    return {
        "credit_class": holder[1].code,
        "amount": "12.5",
        "unit": "kg",
        "beneficiary": "A neighbour",
        "idempotency_key": "key",
        **fields,
    }


def retire(client: Client, form: dict[str, str], **pressed: str) -> Any:
    return client.post("/retire", {**form, **pressed})


def test_the_whole_way_to_a_certificate(holder: tuple[Owner, CreditClass]) -> None:
    client = browser_of(holder)
    key = hidden_of(client.get("/retire"), "idempotency_key")
    form = filled(holder, idempotency_key=key, message="For heating", period_start="2025-01-01")
    summary = retire(client, form)
    text = text_of(summary)
    for expected in ("12.5 kg CO₂e", "A neighbour", "For heating", "2 t → 1.9875 t", "undone"):
        assert expected in text
    assert not Retirement.objects.exists()
    carried = {
        str(tag["name"]): str(tag.get("value", ""))
        for tag in soup_of(summary).select("main form input[type=hidden]")
    }
    done = retire(client, carried, confirm="1")
    made = Retirement.objects.get()
    assert done.status_code == 302
    assert done["Location"] == f"/certificates/{made.number}"
    assert (made.amount_grams, made.beneficiary) == (12_500, "A neighbour")
    assert str(made.period_start) == "2025-01-01"
    assert balance_of(*_asset(holder)).available == 2 * TONNE - 12_500
    assert broken_invariants() == []


def _asset(holder: tuple[Owner, CreditClass]) -> tuple[Owner, Any]:
    return holder[0], holder[1].asset


@pytest.mark.parametrize(
    ("amount", "unit", "grams"), [("1", "g", 1), ("0.001", "kg", 1), ("2", "t", 2 * TONNE)]
)
def test_any_amount_from_one_gram_in_any_unit(
    holder: tuple[Owner, CreditClass], amount: str, unit: str, grams: int
) -> None:
    retire(browser_of(holder), filled(holder, amount=amount, unit=unit), confirm="1")
    assert Retirement.objects.get().amount_grams == grams


def test_confirming_twice_retires_once_even_when_it_used_up_the_balance(
    holder: tuple[Owner, CreditClass],
) -> None:
    client, form = browser_of(holder), filled(holder, amount="2", unit="t")
    first = retire(client, form, confirm="1")
    again = retire(client, form, confirm="1")
    assert first["Location"] == again["Location"]
    assert Retirement.objects.count() == 1


def test_a_change_of_mind_goes_back_to_the_filled_in_form(
    holder: tuple[Owner, CreditClass],
) -> None:
    answer = retire(browser_of(holder), filled(holder), change="1")
    assert soup_of(answer).select_one("#id_beneficiary")["value"] == "A neighbour"  # type: ignore[index]
    assert not Retirement.objects.exists()


def test_the_summary_shows_a_balance_that_is_too_small_and_lets_nobody_confirm(
    holder: tuple[Owner, CreditClass],
) -> None:
    summary = retire(browser_of(holder), filled(holder, amount="3", unit="t"))
    assert "not enough" in text_of(summary)
    assert soup_of(summary).select_one("button[name=confirm]").has_attr("disabled")  # type: ignore[union-attr]


def test_confirming_more_than_the_balance_is_refused_beside_the_amount(
    holder: tuple[Owner, CreditClass],
) -> None:
    answer = retire(browser_of(holder), filled(holder, amount="3", unit="t"), confirm="1")
    assert answer.status_code == 422
    assert "does not cover this amount" in text_of(answer, "#id_amount_error")
    assert not Retirement.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": ""}, "amount"),
        ({"amount": "0.5", "unit": "g"}, "amount"),
        ({"amount": "many"}, "amount"),
        ({"unit": "lb"}, "unit"),
        ({"beneficiary": ""}, "beneficiary"),
        ({"beneficiary": "x" * 201}, "beneficiary"),
        ({"message": "x" * 501}, "message"),
        ({"credit_class": "VCS-0-2000"}, "credit_class"),
        ({"period_start": "yesterday"}, "period_start"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    holder: tuple[Owner, CreditClass], fields: dict[str, str], field: str
) -> None:
    answer = retire(browser_of(holder), filled(holder, **fields), confirm="1")
    assert answer.status_code == 422
    control = soup_of(answer).select_one(f"#id_{field}")
    assert control is not None
    assert control["aria-invalid"] == "true"
    assert not Retirement.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"period_start": "2025-02-01", "period_end": "2025-01-01"}, "period_end"),
    ],
)
def test_what_the_service_refuses_is_said_beside_its_field(
    holder: tuple[Owner, CreditClass], fields: dict[str, str], field: str
) -> None:
    answer = retire(browser_of(holder), filled(holder, **fields), confirm="1")
    assert text_of(answer, f"#id_{field}_error")
    assert not Retirement.objects.exists()


def test_a_key_that_was_used_for_something_else_says_so(holder: tuple[Owner, CreditClass]) -> None:
    client = browser_of(holder)
    retire(client, filled(holder), confirm="1")
    answer = retire(client, filled(holder, amount="1"), confirm="1")
    assert "idempotency key was used" in text_of(answer)
    assert Retirement.objects.count() == 1


def test_nobody_retires_the_credits_of_another(holder: tuple[Owner, CreditClass]) -> None:
    answer = retire(client_of(user_make()), filled(holder), confirm="1")
    assert answer.status_code == 422
    assert not Retirement.objects.exists()


def test_who_may_only_look_is_told_so(holder: tuple[Owner, CreditClass]) -> None:
    viewer = user_make()
    client = client_of(viewer)
    organisation = organisation_make(viewer=viewer)
    client.post("/account/acting/", {"organisation": organisation.pk})
    assert retire(client, filled(holder), confirm="1").status_code == 403


def test_a_stranger_is_sent_to_sign_in() -> None:
    assert Client().get("/retire").status_code == 302


def test_with_nothing_to_retire_the_page_leads_to_the_markets() -> None:
    assert "You have no credits to retire" in text_of(client_of(user_make()).get("/retire"))


def test_the_link_from_the_portfolio_chooses_the_class(holder: tuple[Owner, CreditClass]) -> None:
    client = browser_of(holder)
    portfolio = client.get("/portfolio")
    assert f"/retire?class={holder[1].code}" in portfolio.content.decode()
    form = soup_of(client.get(f"/retire?class={holder[1].code}"))
    assert form.select_one("option[selected]")["value"] == holder[1].code  # type: ignore[index]


def test_the_portfolio_shows_balance_and_certificate(holder: tuple[Owner, CreditClass]) -> None:
    client = browser_of(holder)
    retire(client, filled(holder), confirm="1")
    page = client.get("/portfolio")
    assert "1.9875 t" in text_of(page)
    assert Retirement.objects.get().number in text_of(page)
    assert breaks_of_policy(page) == []


def test_an_empty_portfolio_says_what_to_do() -> None:
    page = text_of(client_of(user_make()).get("/portfolio"))
    assert "Your portfolio is empty" in page
    assert "Link a wallet" in page
