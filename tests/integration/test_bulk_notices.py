"""Mails about bulk orders: each piece of news once, to those whom it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.urls import reverse

from apps.accounts.services import mailing
from apps.orderbook.models import BulkExecution, BulkOrder
from apps.orderbook.services.bulk_approvals import bulk_execution_decide
from apps.orderbook.services.bulk_notices import bulk_notices_send
from apps.orderbook.services.bulk_orders import bulk_order_pause, bulk_order_resume
from apps.orderbook.tasks import bulk_sweep
from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, offer
from tests.support.bulk_orders import market_of
from tests.support.engines import run_engine
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)

State = BulkOrder.State


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    found = company_make()
    found.bound(second_above=0)
    market_of(1, 2021, (2, 10))
    return found


def told() -> list[tuple[str, list[str]]]:
    """Subjects and readers of the mails that a sweep sends."""
    mail.outbox.clear()
    bulk_notices_send()
    return sorted((sent.subject, sent.to) for sent in mail.outbox)


def test_who_may_approve_is_told_once_and_finds_it_in_front_of_the_list(company: Company) -> None:
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader)
    both = sorted([company.boss.email, company.approver.email])
    assert sorted(to for _subject, [to] in told()) == both
    [body, _other] = [sent.body for sent in mail.outbox]
    assert "6 USDC" in body
    assert reverse("bulk_order", args=[order.public_id]) in body
    assert told() == []
    listed = reverse("bulk_orders")
    assert "Waits for your approval: Travel" in text_of(
        company.client(company.approver).get(listed)
    )
    for person in (company.trader, company.viewer):
        assert "Waits for your approval" not in text_of(company.client(person).get(listed))


def test_who_asked_is_told_what_became_of_it_and_asks_again(company: Company) -> None:
    order = company.order({"tonnes": 3})
    for approve in (False, True):
        execution = ask_for(order, company.trader)
        told()
        decided = {"order": order, "execution_id": execution.pk, "by": company.approver}
        bulk_execution_decide(**decided, approve=approve, note="Too dear")
        expected = [] if approve else [("Travel was turned down", [company.trader.email])]
        assert told() == expected
    assert "Too dear" not in "".join(sent.body for sent in mail.outbox)


def test_what_it_waits_for_is_told_each_time_and_what_a_member_paused_is_not() -> None:
    company = company_make(money=0)
    offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader)
    bulk_order_pause(order=order, by=company.trader)
    assert told() == []
    for _time in range(2):
        bulk_order_resume(order=order, by=company.trader)
        assert carried_out(order).state == State.PAUSED
        assert told() == [("Travel is paused", [company.trader.email])]
        assert "funds do not suffice" in mail.outbox[0].body


def test_a_mail_that_the_server_did_not_take_is_sent_by_the_next_sweep(company: Company) -> None:
    ask_for(company.order({"tonnes": 3}), company.trader)
    with patch.object(mailing, "send_mail", side_effect=ConnectionRefusedError):
        assert told() == []
    assert BulkExecution.objects.get().told == ""
    mail.outbox.clear()
    bulk_sweep()
    assert len(mail.outbox) == 2


def test_the_name_of_an_order_begins_no_header(company: Company) -> None:
    order = company.order({"tonnes": 3})
    BulkOrder.objects.filter(pk=order.pk).update(name="Travel\nBcc: somebody@example.org")
    ask_for(order, company.trader)
    assert {subject for subject, _to in told()} == {
        "Travel Bcc: somebody@example.org waits for your approval"
    }
