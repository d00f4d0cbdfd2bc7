"""What takes a verified organisation: value going out, redeeming, and carrying out bulk orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from apps.accounts.acting import RETIRE, TRADE, VIEW
from apps.accounts.errors import ServiceError
from apps.accounts.models import Organisation, Owner
from apps.accounts.services.gifts import gift_create
from apps.nft.services.coins import coin_withdraw
from apps.nft.services.minting import mint_request
from apps.nft.services.pool import pool_redeem, pool_redeem_first
from apps.orderbook.models import BulkExecution, BulkOrder
from apps.orderbook.services.bulk_approvals import bulk_execution_decide
from apps.registry.models import CreditClass
from apps.registry.services.withdrawals import withdrawal_request
from tests.support.api import bot_of
from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, offer
from tests.support.bulk_orders import UNIT
from tests.support.engines import run_engine
from tests.support.factories import TONNE, asset_make, fund, organisation_make, wallet_make
from tests.support.pages import text_of
from tests.support.registry import block_make, holder_make
from tests.support.verifications import verify

WALLET = "0x" + "15" * 20
State = BulkOrder.State


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def out(owner: Owner, held: CreditClass) -> dict[str, Callable[[], object]]:
    """Every way out by name."""
    cc, usdc = asset_make("CC", kind="cc"), asset_make("USDC")
    of_class = {"owner": owner, "credit_class": held, "idempotency_key": "k"}
    first = {"owner": owner, "amount_grams": TONNE, "idempotency_key": "f"}
    account = {"registry_account": "1", "account_name": "Me"}
    gift = {"owner": owner, "asset": usdc, "amount": 1, "to": "friend@example.org"}
    coins = {"owner": owner, "asset": cc, "amount": 1, "to_address": WALLET}
    return {
        "gift": lambda: gift_create(**gift, idempotency_key="k"),  # type: ignore[arg-type]
        "coins": lambda: coin_withdraw(**coins, idempotency_key="k"),  # type: ignore[arg-type]
        "nft": lambda: mint_request(**of_class, tonnes=1, to_address=WALLET),  # type: ignore[arg-type]
        "credits": lambda: withdrawal_request(**of_class, tonnes=1, **account),  # type: ignore[arg-type]
        "redeem": lambda: pool_redeem(**of_class, amount_grams=TONNE),  # type: ignore[arg-type]
        "first in": lambda: pool_redeem_first(**first),  # type: ignore[arg-type]
    }


def answer_of(do: Callable[[], object]) -> str:
    """The code of the refusal, or nothing when it was carried out. Nothing is kept."""
    answer = ""
    with transaction.atomic():
        try:
            do()
        except ServiceError as error:
            answer = error.code
        transaction.set_rollback(True)
    return answer


@pytest.mark.django_db
def test_nothing_of_value_leaves_an_organisation_that_is_not_verified() -> None:
    company = organisation_make()
    holder, held = holder_make(block_make(1, 10))
    owner = company.owner
    for asset in (held.asset, asset_make("CC", kind="cc"), asset_make("USDC")):
        fund(owner, asset, 5 * TONNE)
    wallet_make(owner, WALLET, user=holder.user)
    before = {name: answer_of(do) for name, do in out(owner, held).items()}
    assert before == dict.fromkeys(before, "organisation_not_verified")
    verify(company)
    after = {name: answer_of(do) for name, do in out(owner, held).items()}
    assert "organisation_not_verified" not in after.values()
    assert (after["gift"], after["credits"]) == ("", "")


@pytest.fixture
def company(transactional_db: None) -> Company:
    """What it wants is on offer; above 10 a day it takes two."""
    found = company_make()
    found.bound(second_above=10)
    offer(1, 2021, (2, 100))
    run_engine()
    return found


def unverify(company: Company) -> None:
    Organisation.objects.filter(pk=company.organisation.pk).update(verified_until=None)


def test_a_bulk_order_is_planned_and_not_carried_out(company: Company) -> None:
    unverify(company)
    order = company.order({"tonnes": 2})
    assert order.state == State.PLANNED
    with pytest.raises(ServiceError) as refusal:
        ask_for(order, company.trader)
    assert refusal.value.code == "organisation_not_verified"
    plan = order.plans.latest("pk")
    terms = {"plan_id": plan.pk, "total_max": "4", "keep": "retire"}
    bot = bot_of(company.trader, owner=company.owner, scopes=[VIEW, TRADE, RETIRE])
    told = bot.post(f"/bulk-orders/{order.public_id}/execution", terms)
    assert (told.status_code, told.json()["code"]) == (403, "organisation_not_verified")
    page = company.client(company.trader).post(
        reverse("bulk_order_execute", args=[order.public_id]), terms, follow=True
    )
    assert "takes a verified organisation" in text_of(page)
    assert not BulkExecution.objects.exists()


def test_nobody_approves_what_the_organisation_may_no_longer_do(company: Company) -> None:
    order = company.order({"tonnes": 6})
    execution = ask_for(order, company.trader)
    unverify(company)
    with pytest.raises(ServiceError) as refusal:
        bulk_execution_decide(
            order=order, execution_id=execution.pk, by=company.approver, approve=True
        )
    assert refusal.value.code == "organisation_not_verified"
    order.refresh_from_db()
    assert order.state == State.ASKED
    turned = bulk_execution_decide(
        order=order, execution_id=execution.pk, by=company.approver, approve=False
    )
    assert turned.decision == "rejected"


def test_the_database_lets_no_order_start_unless_the_deployment_asks_nobody(
    company: Company, settings: Any
) -> None:
    order = company.order({"tonnes": 2})
    unverify(company)

    def write() -> BulkExecution:
        return BulkExecution.objects.create(
            order=order,
            plan=order.plans.latest("pk"),
            total_max=4 * UNIT,
            keep="retire",
            brought_by=order.made_by,
            proposed_by=company.trader,
            needs_second=False,
        )

    with pytest.raises(DatabaseError, match="not verified"), transaction.atomic():
        write()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ccmarket.organisation_verification = off")
        assert write().pk
        transaction.set_rollback(True)
    settings.ORGANISATION_VERIFICATION = False
    assert ask_for(order, company.trader).started_at is not None


def test_what_was_let_runs_to_its_end(company: Company) -> None:
    order = company.order({"tonnes": 2})
    ask_for(order, company.trader)
    unverify(company)
    assert carried_out(order).state == State.DONE
