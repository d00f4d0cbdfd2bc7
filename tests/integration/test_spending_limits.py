"""An organisation's owners say who may spend what, and nobody else does."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse

from apps.accounts.errors import NotPermitted, ServiceError
from apps.accounts.models import HistoryEntry, SpendingLimit, SpendingRule
from apps.accounts.services.spending import (
    AMOUNT_MAX,
    Spending,
    spend_check,
    spending_of,
    spending_set,
)
from tests.support.bulk_executions import Company, company_make
from tests.support.bulk_orders import UNIT, cash
from tests.support.factories import client_of, user_make
from tests.support.pages import breaks_of_policy, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return company_make(money=0)


def rules(company: Company) -> Spending:
    return spending_of(organisation_id=company.organisation.pk, asset=cash())


def test_its_owner_sets_and_takes_back_bounds_and_the_history_says_so(company: Company) -> None:
    company.bound(second_above=100, trader=50)
    assert rules(company) == Spending(100 * UNIT, {"trader": 50 * UNIT})
    spending_set(
        organisation=company.organisation,
        asset=cash(),
        by=company.boss,
        second_above=None,
        up_to={"trader": None, "owner": 0},
    )
    assert rules(company) == Spending(None, {"owner": 0})
    changed = HistoryEntry.objects.filter(table_name="accounts_spendingrule", actor=company.boss)
    assert [entry.operation for entry in changed.order_by("pk")] == ["insert", "delete"]


def test_nobody_else_sets_them(company: Company) -> None:
    for by in (company.trader, company.approver, company.viewer, user_make()):
        with pytest.raises(NotPermitted):
            spending_set(
                organisation=company.organisation,
                asset=cash(),
                by=by,
                second_above=0,
                up_to={},
            )
    for amount in (-1, AMOUNT_MAX + 1):
        with pytest.raises(ServiceError):
            spending_set(
                organisation=company.organisation,
                asset=cash(),
                by=company.boss,
                second_above=amount,
                up_to={},
            )
    assert not SpendingRule.objects.exists()


@pytest.mark.parametrize(
    ("role", "approving", "total", "allowed"),
    [
        ("trader", False, 50, True),
        ("trader", False, 51, False),
        ("trader", True, 1, False),
        ("approver", True, 10**9, True),
        ("approver", False, 1, False),
        ("boss", True, 10**9, True),
        ("boss", False, 10**9, True),
        ("viewer", False, 1, False),
        ("viewer", True, 1, False),
    ],
)
def test_each_role_spends_and_approves_what_it_may(
    company: Company, role: str, approving: bool, total: int, allowed: bool
) -> None:
    company.bound(trader=50)
    terms = {"owner": company.owner, "asset": cash(), "by": getattr(company, role)}
    with transaction.atomic():
        if allowed:
            spend_check(**terms, total=total * UNIT, approving=approving)
            return
        with pytest.raises(NotPermitted):
            spend_check(**terms, total=total * UNIT, approving=approving)


def test_a_person_spends_their_own_and_nobody_else_s() -> None:
    person, other = user_make(), user_make()
    with transaction.atomic():
        spend_check(owner=person.owner, asset=cash(), by=person, total=1, approving=False)
        with pytest.raises(NotPermitted):
            spend_check(owner=person.owner, asset=cash(), by=other, total=1, approving=False)


def test_an_auditor_and_who_is_no_longer_active_spend_nothing(company: Company) -> None:
    for field, value in (("is_auditor", True), ("is_active", False)):
        trader = company_make(money=0)
        setattr(trader.trader, field, value)
        trader.trader.save()
        with transaction.atomic(), pytest.raises(NotPermitted):
            spend_check(
                owner=trader.owner, asset=cash(), by=trader.trader, total=1, approving=False
            )


def test_the_page_shows_them_to_members_and_takes_them_from_an_owner(company: Company) -> None:
    address, code = reverse("spending"), cash().code
    form = {"asset": code, f"{code}-second_above": "100.5", f"{code}-trader": "50"}
    page = company.client(company.boss).get(address)
    assert not breaks_of_policy(page)
    assert company.client(company.boss).post(address, form).status_code == 302
    assert rules(company) == Spending(100_500_000, {"trader": 50 * UNIT})
    assert (
        company.client(company.boss).post(address, form | {f"{code}-owner": "x"}).status_code == 422
    )
    for user in (company.trader, company.approver, company.viewer):
        client = company.client(user)
        assert "Only an owner" in text_of(client.get(address))
        assert client.post(address, form | {f"{code}-trader": "999"}).status_code == 403
    assert client_of(user_make()).get(address).status_code == 404
    assert SpendingLimit.objects.get().up_to == 50 * UNIT
