"""Monthly statements: opening, movements and closing add up, for the account's own members only."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.acting import SESSION_KEY
from apps.accounts.ledger.models import Asset, Owner, Transfer
from apps.accounts.ledger.services import Leg, ledger_post
from apps.accounts.models import User
from apps.accounts.selectors import balance_of
from apps.accounts.statement_paper import statement_pdf
from apps.accounts.statements import Month, months_of, rows_of, statement_of
from tests.integration.test_retirement_certificate import text_of as pdf_text
from tests.support.factories import (
    asset_make,
    client_of,
    fund,
    organisation_make,
    owner_make,
    user_make,
)
from tests.support.filling import triggers_off
from tests.support.pages import breaks_of_policy, downloaded, text_of

pytestmark = pytest.mark.django_db

UNIT = 1_000_000
MAY, JUNE, JULY = Month(2024, 5), Month(2024, 6), Month(2024, 7)


def pay(giver: Owner, taker: Owner, asset: Asset, amount: int, at: datetime) -> None:
    """A gift at that moment."""
    ledger_post(legs=[Leg(giver, taker, asset, amount, Transfer.Kind.GIFT, 1)])
    dated(at)


def dated(at: datetime) -> None:
    """Moves the latest transfer to that moment."""
    with triggers_off():
        Transfer.objects.filter(pk=Transfer.objects.latest("pk").pk).update(created_at=at)


@pytest.fixture
def trader() -> User:
    return user_make()


@pytest.fixture
def owner(trader: User) -> Owner:
    """10 came in May; at June's first moment 3 went, at its last 1.5 came; in July 2 went."""
    owner, other = organisation_make(trader=trader, accountant=user_make()).owner, owner_make()
    cash = asset_make("USDC")
    fund(owner, cash, 10 * UNIT)
    dated(JUNE.start - timedelta(microseconds=1))
    fund(other, cash, 99 * UNIT)
    dated(MAY.start)
    pay(owner, other, cash, 3 * UNIT, JUNE.start)
    pay(other, owner, cash, 1_500_000, JULY.start - timedelta(microseconds=1))
    pay(owner, other, cash, 2 * UNIT, JULY.start)
    return owner


def member(user: User, owner: Owner) -> Client:
    client = client_of(user)
    session = client.session
    session[SESSION_KEY] = owner.organisation_id
    session.save()
    return client


def test_each_month_opens_with_what_the_one_before_closed_with(owner: Owner) -> None:
    cash = asset_make("USDC")
    sums = []
    for month in reversed(months_of(owner)):
        [item] = statement_of(owner, month)
        sums.append((item.opening, item.closing))
        rows = list(rows_of(owner, month, item))
        assert (rows[-1].balance if rows else item.opening) == item.closing
        assert sum(row.amount for row in rows) == item.closing - item.opening
    assert sums[:3] == [(0, 10 * UNIT), (10 * UNIT, 8_500_000), (8_500_000, 6_500_000)]
    assert all(opening == closing == 6_500_000 for opening, closing in sums[3:])
    assert sums[-1][1] == balance_of(owner, cash).total
    assert months_of(owner)[0] == Month(timezone.now().year, timezone.now().month)


def test_a_month_s_movements_are_summed_by_kind_and_rows_come_in_small_batches(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    [item] = statement_of(owner, JUNE)
    assert item.moved == ((Transfer.Kind.GIFT, 1_500_000, 3 * UNIT),)
    monkeypatch.setattr("apps.accounts.statements.ROWS_AT_ONCE", 1)
    assert [row.amount for row in rows_of(owner, JUNE, item)] == [-3 * UNIT, 1_500_000]


def test_members_read_it_on_the_page_on_paper_and_as_a_file(owner: Owner, trader: User) -> None:
    client, names = member(trader, owner), [JUNE.year, JUNE.month]
    assert "June 2024" in text_of(client.get(reverse("statements")))
    page = client.get(reverse("statement", args=names))
    assert not breaks_of_policy(page)
    assert "Opening 10 Gift 1.5 3 Closing 8.5" in text_of(page).replace(".00", "").replace(
        ".50", ".5"
    )
    paper = client.get(reverse("statement_pdf", args=names)).content
    assert "Closing 8.5" in pdf_text(paper)
    assert paper == statement_pdf(owner, JUNE)
    rows = list(
        csv.DictReader(io.StringIO(downloaded(client.get(reverse("statement_csv", args=names)))))
    )
    assert [(row["what"], row["in"], row["out"], row["balance"]) for row in rows] == [
        ("opening", "", "", "10"),
        ("gift", "", "3", "7"),
        ("gift", "1.5", "", "8.5"),
        ("closing", "", "", "8.5"),
    ]
    assert rows[0]["at"] == datetime(2024, 6, 1, tzinfo=UTC).isoformat()


def test_there_is_none_before_the_first_movement_or_of_the_future_or_for_strangers(
    owner: Owner, trader: User
) -> None:
    client = member(trader, owner)
    for year, month in ((2024, 4), (9998, 1), (2024, 13), (2024, 0)):
        for name in ("statement", "statement_pdf", "statement_csv"):
            assert client.get(reverse(name, args=[year, month])).status_code == 404
    for stranger in (client_of(trader), client_of(user_make())):
        assert stranger.get(reverse("statement", args=JUNE)).status_code == 404
        assert "Nothing has moved yet" in text_of(stranger.get(reverse("statements")))
    assert Client().get(reverse("statement", args=JUNE)).status_code == 302


def test_a_month_is_final_once_nothing_can_come_to_it(owner: Owner) -> None:
    assert JUNE.is_final
    running = months_of(owner)[0]
    assert not running.is_final
    assert (Month(2026, 12).end, Month(2026, 12).next) == (
        datetime(2027, 1, 1, tzinfo=UTC),
        Month(2027, 1),
    )
