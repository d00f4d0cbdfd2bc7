"""Monthly invoices: every fee once, numbered without a gap, never changed, seen by nobody else."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.acting import SESSION_KEY
from apps.accounts.invariants_invoices import (
    invoices_are_numbered_without_a_gap,
    invoices_are_the_fees_paid,
)
from apps.accounts.invoice_paper import invoice_pdf
from apps.accounts.ledger.models import Asset, Owner, Transfer
from apps.accounts.ledger.services import HOUSE, Leg, ledger_post, platform_owner_get
from apps.accounts.models import Invoice, InvoicedMonth, InvoiceLine, User
from apps.accounts.services.invoices import invoices_issue, tax_within
from apps.accounts.statements import Month
from tests.integration.test_retirement_certificate import text_of as pdf_text
from tests.support.api import bot_of
from tests.support.factories import (
    asset_make,
    client_of,
    fund,
    organisation_make,
    owner_make,
    staff_make,
    user_make,
)
from tests.support.filling import triggers_off
from tests.support.pages import breaks_of_policy, downloaded, text_of
from tests.support.races import race
from tests.support.verifications import filed, find

pytestmark = pytest.mark.django_db

UNIT = 1_000_000
MAY, JUNE = Month(2024, 5), Month(2024, 6)


def fee(giver: Owner, taker: Owner, asset: Asset, amount: int, at: datetime) -> None:
    """A transfer of that kind at that moment."""
    with transaction.atomic():
        ledger_post(legs=[Leg(giver, taker, asset, amount, Transfer.Kind.FEE, 1)])
        with triggers_off():
            last = Transfer.objects.latest("pk")
            Transfer.objects.filter(pk=last.pk).update(created_at=at)


@pytest.fixture
def boss() -> User:
    return user_make()


@pytest.fixture
def owner(boss: User) -> Owner:
    """In May two fees in one market and one in another, a rebate, and one of a redemption in CC;
    in June's first moment another. Somebody else paid one in May."""
    owner, other = organisation_make(by=boss).owner, owner_make()
    cash, cc = asset_make("USDC"), asset_make("CC", kind=Asset.Kind.CC)
    for who in (owner, other):
        fund(who, cash, 100 * UNIT)
    fund(owner, cc, 100 * UNIT)
    one, two = (platform_owner_get(name=f"fees:{code}-USDC") for code in ("ONE", "TWO"))
    house = platform_owner_get(name=HOUSE)
    last = MAY.end - timedelta(microseconds=1)
    fee(owner, one, cash, 2 * UNIT, MAY.start)
    fee(owner, one, cash, 1_500_000, last)
    fee(owner, two, cash, 7, last)
    fee(one, owner, cash, 500_000, last)
    fee(owner, house, cc, 3 * UNIT, last)
    fee(other, one, cash, UNIT, last)
    fee(owner, one, cash, 9 * UNIT, JUNE.start)
    return owner


def member(user: User, owner: Owner) -> Client:
    client = client_of(user)
    session = client.session
    session[SESSION_KEY] = owner.organisation_id
    session.save()
    return client


def of(owner: Owner, month: Month, code: str) -> Invoice:
    return Invoice.objects.get(owner=owner, month=month.start.date(), asset__code=code)


def lines(invoice: Invoice) -> list[tuple[str, str, int, int]]:
    return list(invoice.lines.order_by("pk").values_list("kind", "market", "count", "amount"))


def broken() -> list[str]:
    return [*invoices_are_the_fees_paid(), *invoices_are_numbered_without_a_gap()]


def test_every_fee_of_a_month_is_on_one_invoice_of_its_currency(owner: Owner) -> None:
    assert invoices_issue() == 4
    may = of(owner, MAY, "USDC")
    assert lines(may) == [
        ("trading", "ONE-USDC", 2, 3_500_000),
        ("trading", "TWO-USDC", 1, 7),
        ("rebate", "ONE-USDC", 1, -500_000),
    ]
    assert may.total == 3_000_007
    assert lines(of(owner, MAY, "CC")) == [("redemption", "", 1, 3 * UNIT)]
    assert lines(of(owner, JUNE, "USDC")) == [("trading", "ONE-USDC", 1, 9 * UNIT)]
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert broken() == []


def test_a_task_that_is_delivered_again_issues_nothing_twice(owner: Owner) -> None:
    invoices_issue()
    before = list(Invoice.objects.order_by("pk").values())
    assert invoices_issue() == 0
    assert list(Invoice.objects.order_by("pk").values()) == before


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_issue_each_month_once(owner: Owner) -> None:
    assert sum(race(invoices_issue, invoices_issue)) == 4  # type: ignore[arg-type]
    assert broken() == []


def test_a_month_that_is_not_over_waits(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = JUNE.end
    for moment, issued in ((MAY.end, 0), (MAY.end + timedelta(hours=1), 3), (ends, 0)):
        monkeypatch.setattr("django.utils.timezone.now", lambda moment=moment: moment)
        assert invoices_issue() == issued, moment


def test_what_was_issued_never_changes(owner: Owner) -> None:
    invoices_issue()
    invoice = of(owner, MAY, "USDC")
    for attempt in (
        lambda: Invoice.objects.filter(pk=invoice.pk).update(total=1),
        lambda: InvoiceLine.objects.filter(invoice=invoice).update(amount=1),
        lambda: InvoiceLine.objects.filter(invoice=invoice).delete(),
        lambda: InvoicedMonth.objects.all().delete(),
        lambda: InvoiceLine.objects.create(invoice=invoice, kind="other", count=1, amount=1),
        lambda: copy(invoice, number=5, month=MAY.start.date(), asset=asset_make("EUR")),
        lambda: copy(invoice, number=6, month=datetime(2031, 1, 1).date()),  # noqa: DTZ001
        lambda: copy(invoice, number=4, month=datetime(2031, 1, 1).date()),  # noqa: DTZ001
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    copy(invoice, number=5, month=datetime(2031, 1, 1).date())  # noqa: DTZ001


def copy(invoice: Invoice, **fields: Any) -> None:
    found = Invoice.objects.get(pk=invoice.pk)
    for name, value in fields.items():
        setattr(found, name, value)
    found.pk = None
    found.save(force_insert=True)


def test_the_check_finds_what_is_not_the_fees(owner: Owner) -> None:
    invoices_issue()
    with triggers_off():
        InvoiceLine.objects.filter(kind="redemption").update(amount=1)
    assert len(broken()) == 2
    with triggers_off():
        InvoiceLine.objects.filter(kind="redemption").update(amount=3 * UNIT)
        Invoice.objects.filter(number=2).update(number=77)
    assert broken() == ["invoices: 4 of them, the last has number 77"]


def test_the_buyer_is_called_as_was_approved_and_tax_is_by_country(
    owner: Owner, boss: User, settings: Any
) -> None:
    settings.INVOICE_TAX_RATES = {"FR": 2000, "DE": 1900}
    settings.INVOICE_SELLER_NAME, settings.INVOICE_SELLER_TAX_ID = "Seller", "DE1"
    assert owner.organisation is not None
    find(filed(owner.organisation, boss))
    invoices_issue()
    mine = of(owner, JUNE, "USDC")
    said = (mine.buyer_name, mine.buyer_country, mine.buyer_number, mine.seller_tax_id)
    assert said == ("Green Works GmbH", "DE", "HRB 1", "DE1")
    assert (mine.total, mine.tax, mine.net) == (9_000_000, 1_436_974, 7_563_026)
    other = Invoice.objects.exclude(owner=owner).get()
    assert (other.tax, other.tax_bps) == (0, 0)
    assert other.tax_reason


@pytest.mark.parametrize(
    ("total", "rate", "tax"), [(119, 1900, 19), (118, 1900, 18), (-118, 1900, -18), (5, 0, 0)]
)
def test_tax_is_a_part_of_what_was_taken_rounded_towards_zero(
    total: int, rate: int, tax: int
) -> None:
    assert tax_within(total, rate) == tax


def test_members_read_it_on_the_page_on_paper_as_a_file_and_over_the_api(
    owner: Owner, boss: User
) -> None:
    viewer = user_make()
    assert owner.organisation is not None
    owner.organisation.memberships.create(user=viewer, role="viewer")
    invoices_issue()
    invoice, client = of(owner, MAY, "USDC"), member(viewer, owner)
    assert invoice.name in text_of(client.get(reverse("invoices")))
    page = client.get(reverse("invoice", args=[invoice.number]))
    assert breaks_of_policy(page) == []
    assert "Trading fees ONE-USDC 2 3.50" in text_of(page)
    assert "Total 3.000007" in text_of(page)
    paper = client.get(reverse("invoice_pdf", args=[invoice.number])).content
    assert "3.000007" in pdf_text(paper)
    assert paper == invoice_pdf(invoice)
    sent = downloaded(client.get(reverse("invoice_csv", args=[invoice.number])))
    rows = list(csv.DictReader(io.StringIO(sent)))
    assert [row["amount"] for row in rows] == [
        *("3.5", "0.000007", "-0.5"),
        *("3.000007", "0", "3.000007"),
    ]
    bot = bot_of(boss, owner=owner, scopes=["view"])
    assert [row["name"] for row in bot.get("/invoices").json()][-1] == invoice.name
    told = bot.get(f"/invoices/{invoice.number}").json()
    assert (told["total"], told["month"], told["currency"]) == ("3.000007", "2024-05", "USDC")
    assert told["lines"][2]["amount"] == "-0.5"


def test_nobody_else_sees_it_and_staff_only_look(owner: Owner) -> None:
    invoices_issue()
    invoice, stranger = of(owner, MAY, "USDC"), user_make()
    client = client_of(stranger)
    for name in ("invoice", "invoice_pdf", "invoice_csv"):
        assert client.get(reverse(name, args=[invoice.number])).status_code == 404
    assert invoice.name not in text_of(client.get(reverse("invoices")))
    bot = bot_of(stranger)
    assert bot.get("/invoices").json() == []
    assert bot.get(f"/invoices/{invoice.number}").json()["code"] == "invoice_not_found"
    staff = client_of(staff_make(("view", Invoice), ("change", Invoice)))  # type: ignore[arg-type]
    page = reverse("admin:accounts_invoice_change", args=[invoice.pk])
    assert staff.get(page).status_code == 200
    assert staff.post(page, {"total": "1"}).status_code == 403
