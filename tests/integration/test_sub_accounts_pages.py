"""Sub-accounts over the API and on pages: who sees which, statements of the whole, invoices."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse

from apps.accounts.invariants_invoices import invoices_are_the_fees_paid
from apps.accounts.ledger.models import Owner, Transfer
from apps.accounts.ledger.services import Leg, ledger_post, platform_owner_get
from apps.accounts.models import AccountMove, Invoice, Membership, Organisation, User
from apps.accounts.selectors import balance_of
from apps.accounts.services.account_closing import sub_account_close
from apps.accounts.services.invoices import invoices_issue
from apps.accounts.services.sub_accounts import sub_account_rename
from apps.accounts.statement_paper import statement_pdf
from apps.accounts.statements import Month, months_of, rows_of, statement_of
from apps.orderbook.ids import profile_text
from tests.support.api import Bot, bot_of
from tests.support.departments import UNIT, Departments, cash, departments_make
from tests.support.factories import client_of, fund, owner_make, staff_make, user_make
from tests.support.filling import triggers_off
from tests.support.pages import breaks_of_policy, downloaded, hidden_of, text_of

pytestmark = pytest.mark.django_db

MAY = Month(2024, 5)


@pytest.fixture
def world() -> Departments:
    return departments_make()


def profiles(bot: Bot, query: str = "") -> list[tuple[str, bool]]:
    return [(row["name"], row["active"]) for row in bot.get(f"/profiles{query}").json()]


def is_error(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


# --- the API -------------------------------------------------------------------------------------


def test_profiles_are_the_accounts_that_the_key_s_person_may_act_for(world: Departments) -> None:
    boss, fleet = bot_of(world.boss, owner=world.main), bot_of(world.boss, owner=world.fleet)
    clerk = bot_of(world.clerk, owner=world.fleet, scopes=["view"])
    person = bot_of(world.boss)
    everything = [("default", True), ("Fleet", True), ("Travel", True)]
    assert profiles(boss) == everything
    assert profiles(fleet) == everything[:2]
    assert profiles(clerk) == everything[1:2]
    assert profiles(person) == everything[:1]
    for account, status in ((world.fleet, 200), (world.travel, 404), (world.main, 404)):
        assert clerk.get(f"/profiles/{profile_text(account.pk)}").status_code == status
    sub_account_close(account=world.travel, by=world.boss)
    assert profiles(boss, "?active=true") == everything[:2]
    assert profiles(boss, "?active=false") == [("Travel", False)]


def test_profiles_are_opened_renamed_moved_between_and_ended(world: Departments) -> None:
    bot, main = bot_of(world.boss, owner=world.main), profile_text(world.main.pk)
    opened = bot.post("/profiles", {"name": "Events"}).json()
    assert (opened["name"], opened["active"], opened["is_default"]) == ("Events", True, False)
    path, terms = f"/profiles/{opened['id']}", {"currency": "USDC", "amount": "2.5"}
    assert bot.call("PUT", path, {"name": "Fairs"}).json()["name"] == "Fairs"
    there = {"from": main, "to": opened["id"], **terms}
    key = {"Idempotency-Key": "one"}
    first = bot.post("/profiles/transfer", there, **key)
    again = bot.post("/profiles/transfer", there, **key)
    assert first.json() == again.json()
    assert balance_of(world.main, cash()).available == 7_500_000
    assert bot.post("/profiles/transfer", there).json()["id"] != first.json()["id"]
    is_error(bot.call("PUT", f"{path}/deactivate", {}), 409, "account_not_empty")
    assert bot.call("PUT", f"{path}/deactivate", {"to": main}).json()["active"] is False
    assert balance_of(world.main, cash()).available == 10 * UNIT
    is_error(bot.post("/profiles/transfer", there), 409, "account_closed")


def test_a_key_of_a_sub_account_decides_of_nothing_but_its_own_balance(world: Departments) -> None:
    world.move(2 * UNIT)
    bot = bot_of(world.boss, owner=world.fleet)
    main, fleet, travel = (profile_text(it.pk) for it in (world.main, world.fleet, world.travel))
    is_error(bot.post("/profiles", {"name": "New"}), 403, "main_account_only")
    is_error(bot.call("PUT", f"/profiles/{fleet}", {"name": "New"}), 403, "main_account_only")
    is_error(bot.call("PUT", f"/profiles/{fleet}/deactivate", {}), 403, "main_account_only")
    terms = {"currency": "USDC", "amount": "1"}
    is_error(
        bot.post("/profiles/transfer", {"from": main, "to": fleet, **terms}),
        403,
        "main_account_only",
    )
    is_error(
        bot.post("/profiles/transfer", {"from": fleet, "to": travel, **terms}), 404, "not_found"
    )
    assert bot.post("/profiles/transfer", {"from": fleet, "to": main, **terms}).status_code == 200
    [account] = bot.get("/accounts").json()
    assert (account["profile_id"], account["balance"]) == (fleet, "1")
    is_error(bot_of(world.boss).post("/profiles", {"name": "New"}), 409, "main_account")


# --- pages ---------------------------------------------------------------------------------------


def test_the_switch_offers_what_one_may_act_for_and_acts_for_it(world: Departments) -> None:
    client = client_of(world.clerk)
    page = text_of(client.get("/account/"))
    assert "Fleet" in page
    assert "Travel" not in page
    for value in (f"{world.organisation.pk}:{world.travel.pk}", f"{world.organisation.pk}:x"):
        refused = client.post(reverse("acting_switch"), {"organisation": value})
        assert refused.status_code in (400, 403)
    client.post(reverse("acting_switch"), {"organisation": str(world.organisation.pk)})
    assert "You act for" in text_of(page := client.get("/account/"))
    assert f"{world.organisation} · Fleet" in text_of(page), "the only one that they may act for"
    assert f"You act for {world.organisation} · Fleet" in text_of(client.get("/portfolio"))
    Membership.objects.filter(user=world.clerk).get().limits.all().delete()
    assert client.get("/account/").status_code == 403
    assert client.get("/account/").status_code == 200, "for themselves again"


def test_owners_open_rename_move_and_close_on_pages(world: Departments) -> None:
    client, listed = world.client(world.boss), reverse("sub_accounts")
    for page in (listed, reverse("account_move"), reverse("members")):
        assert not breaks_of_policy(client.get(page))
    assert client.post(listed, {"name": "Fleet"}).status_code == 422
    client.post(listed, {"name": "Events"})
    events = Owner.objects.get(department="Events")
    client.post(reverse("sub_account_rename", args=[events.public_id]), {"name": "Fairs"})
    form = {
        "from_account": world.main.pk,
        "to_account": events.pk,
        "asset": "USDC",
        "amount": "1.5",
        "idempotency_key": hidden_of(client.get(reverse("account_move")), "idempotency_key"),
    }
    too_much = client.post(reverse("account_move"), {**form, "amount": "11"})
    assert too_much.status_code == 422
    for _twice in range(2):
        assert client.post(reverse("account_move"), form).status_code == 302
    assert AccountMove.objects.get().amount == 1_500_000
    assert "Fairs" in text_of(client.get(listed)), "its name stands in a field"
    close = reverse("sub_account_close", args=[events.public_id])
    assert client.post(close).status_code == 409
    client.post(
        reverse("account_move"),
        {**form, "from_account": events.pk, "to_account": world.main.pk, "idempotency_key": "back"},
    )
    assert client.post(close).status_code == 302


def test_owners_limit_members_on_a_page(world: Departments) -> None:
    client = world.client(world.boss)
    page = reverse("member_limit", args=[world.trader.public_id])
    assert not breaks_of_policy(client.get(page))
    client.post(page, {"is_limited": "1", "accounts": [world.travel.pk]})
    member = Membership.objects.get(user=world.trader)
    assert (member.is_limited, list(member.accounts.all())) == (True, [world.travel])
    client.post(page, {"is_limited": ""})
    member.refresh_from_db()
    assert (member.is_limited, member.accounts.count()) == (False, 0)
    assert "Fleet" in text_of(client.get(reverse("members")))


@pytest.mark.parametrize("who", ["clerk", "trader", "stranger"])
def test_others_change_nothing_and_another_company_sees_nothing(
    world: Departments, who: str
) -> None:
    Organisation.objects.filter(pk=world.organisation.pk).update(name="Alpha Works")
    stranger = departments_make()
    if who == "stranger":
        client = stranger.client(stranger.boss)
    else:
        client = world.client(getattr(world, who), world.fleet)
    limit = reverse("member_limit", args=[world.clerk.public_id])
    assert client.get(limit).status_code == 404
    assert client.post(limit, {"is_limited": ""}).status_code == 404
    for name in ("sub_account_rename", "sub_account_close"):
        url = reverse(name, args=[world.fleet.public_id])
        assert client.post(url, {"name": "Mine"}).status_code in (403, 404)
    if who != "stranger":
        assert client.post(reverse("sub_accounts"), {"name": "Mine"}).status_code == 422
        assert client.get(reverse("account_move")).status_code == 403
    seen = text_of(client.get(reverse("sub_accounts")))
    assert ("Alpha Works" in seen) == (who != "stranger")
    assert ("Travel" in seen) == (who != "clerk")
    names = world.main.sub_accounts.values_list("department", flat=True)
    assert set(names) == {"Fleet", "Travel"}
    assert Membership.objects.get(user=world.clerk).is_limited


def test_staff_see_the_accounts_of_an_organisation(world: Departments) -> None:
    models: tuple[type[Model], ...] = (Organisation, Owner, Membership, User)
    staff = staff_make(*(("view", model) for model in models))
    url = reverse("admin:accounts_organisation_change", args=[world.organisation.pk])
    page = client_of(staff).get(url).content.decode()
    assert "Fleet" in page
    assert "Travel" in page


# --- statements and invoices ---------------------------------------------------------------------


def test_the_statement_of_the_whole_leaves_out_what_moved_within(world: Departments) -> None:
    world.move(4 * UNIT)
    month, other = months_of(world.main)[0], owner_make()
    fund(other, cash(), UNIT)
    ledger_post(legs=[Leg(world.fleet, other, cash(), UNIT, Transfer.Kind.GIFT, 1)])
    ledger_post(legs=[Leg(world.main, world.travel, cash(), UNIT, Transfer.Kind.GIFT, 2)])
    [alone] = statement_of(world.main, month)
    [whole] = statement_of(world.main, month, whole=True)
    kinds = {moved.kind: (moved.came, moved.went) for moved in whole.moved}
    assert alone.closing == 5 * UNIT
    assert whole.closing == 9 * UNIT
    assert kinds == {Transfer.Kind.BANK: (10 * UNIT, 0), Transfer.Kind.GIFT: (0, UNIT)}
    rows = list(rows_of(world.main, month, whole, whole=True))
    assert [row.amount for row in rows] == [10 * UNIT, -UNIT]
    assert rows[-1].balance == whole.closing
    assert statement_pdf(world.main, month) != statement_pdf(world.main, month, whole=True)


def test_the_whole_is_for_who_acts_for_all_of_it(world: Departments) -> None:
    url = reverse("statements") + "?accounts=all"
    boss = world.client(world.boss)
    page = boss.get(url)
    assert "All accounts together" in text_of(page)
    month = months_of(world.main)[0]
    file = boss.get(reverse("statement_csv", args=month[:2]) + "?accounts=all")
    rows = list(csv.DictReader(io.StringIO(downloaded(file))))
    assert [row["what"] for row in rows] == ["opening", "bank", "closing"]
    assert world.client(world.boss, world.fleet).get(url).status_code == 404
    assert world.client(world.clerk, world.fleet).get(url).status_code == 404
    assert client_of(user_make()).get(url).status_code == 404


def test_one_invoice_names_the_accounts_that_paid(world: Departments) -> None:
    market = platform_owner_get(name="fees:ONE-USDC")
    world.move(5 * UNIT)
    for owner, amount in ((world.main, UNIT), (world.fleet, 2 * UNIT)):
        ledger_post(legs=[Leg(owner, market, cash(), amount, Transfer.Kind.FEE, 1)])
        with triggers_off():
            last = Transfer.objects.latest("pk")
            at = MAY.start + timedelta(days=1)
            Transfer.objects.filter(pk=last.pk).update(created_at=at)
    invoices_issue()
    invoice = Invoice.objects.get()
    assert (invoice.owner, invoice.total) == (world.main, 3 * UNIT)
    lines = invoice.lines.order_by("pk").values_list("account_name", "account", "amount")
    assert list(lines) == [("", None, UNIT), ("Fleet", world.fleet.pk, 2 * UNIT)]
    assert list(invoices_are_the_fees_paid()) == []
    sub_account_rename(account=world.fleet, name="Cars", by=world.boss)
    page = reverse("invoice", args=[invoice.number])
    assert "Fleet" in text_of(world.client(world.boss).get(page)), "as it was called then"
    for client in (world.client(world.clerk, world.fleet), world.client(world.boss, world.fleet)):
        assert client.get(page).status_code == 404
    told = bot_of(world.boss, owner=world.main).get(f"/invoices/{invoice.number}").json()
    assert [line["account"] for line in told["lines"]] == ["", "Fleet"]
