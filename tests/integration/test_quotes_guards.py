"""What the database, its locks and the invariants say about requests for quotes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from apps.accounts.ledger.models import Balance, Owner
from apps.accounts.models import HistoryEntry
from apps.orderbook.models import BulkExecution, BulkOrder, Product, Quote, QuoteRequest
from apps.orderbook.services import quote_holds
from apps.orderbook.services.quote_requests import (
    quote_request_end,
    quote_request_open,
    quotes_lapse,
    quotes_sweep,
)
from apps.orderbook.services.quotes import quote_withdraw
from ccmarket.invariants import INVARIANTS
from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, dying_at
from tests.support.bulk_orders import cash
from tests.support.engines import broken_invariants
from tests.support.factories import TONNE
from tests.support.filling import triggers_off
from tests.support.markets import product_make
from tests.support.quotes import (
    answered,
    asked,
    deadline_passes,
    opened,
    seller_make,
    validity_passes,
)
from tests.support.races import race

pytestmark = pytest.mark.django_db(transaction=True)

QUOTES = "orderbook_quote"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make()


@pytest.fixture
def seller() -> Owner:
    return seller_make(7_000, 2022)[0]


@pytest.fixture
def market(seller: Owner) -> Product:
    return product_make(seller.balances.get().asset.code, quote=cash().code, taker_bps=100)


def refuses(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_itself_keeps_answers_sealed_firm_and_as_they_were(
    company: Company, seller: Owner, market: Product
) -> None:
    request = asked(company.order({"tonnes": 10}), company.trader)
    quote = answered(request, seller, (market, 3, 20, 1))
    too_early = (
        "UPDATE orderbook_quoterequest SET state = 'opened', opened_at = now()",
        "UPDATE orderbook_quoterequest SET deadline = now()",
        "UPDATE orderbook_quoteline SET price = 3000000",
        "UPDATE orderbook_quote SET revealed = 'x'",
        "UPDATE orderbook_quote SET state = 'taken', ended_at = now()",
    )
    never = (
        "UPDATE orderbook_quote SET sealed = '\\x00'",
        "UPDATE orderbook_quote SET valid_until = valid_until + interval '1 day'",
        "UPDATE orderbook_quoteline SET size = size - 1000",
        "DELETE FROM orderbook_quoteline",
        "DELETE FROM orderbook_quote",
        "DELETE FROM orderbook_quoterequest",
        "UPDATE orderbook_quotepermit SET kind = 'none'",
    )
    for statement in (*too_early, *never):
        refuses(statement)
    deadline_passes(request)
    refuses("UPDATE orderbook_quote SET state = 'withdrawn', ended_at = now()")
    refuses(
        "INSERT INTO orderbook_quote (public_id, request_id, owner_id, answered_by_id, answered_at,"
        " valid_until, state, digest, sealed, revealed, told) SELECT gen_random_uuid(), request_id,"
        " owner_id + 1, answered_by_id, now(), valid_until, state, digest, sealed, '', ''"
        " FROM orderbook_quote"
    )
    # The control: at this moment the service may, and nothing that it writes is refused.
    quote_request_open(request_id=request.pk)
    quote.refresh_from_db()
    assert quote.revealed
    for statement in (*never, "UPDATE orderbook_quote SET revealed = ''"):
        refuses(statement)
    opened(request)
    ask_for(BulkOrder.objects.get(), company.trader)
    refuses("UPDATE orderbook_quote SET state = 'standing', ended_at = NULL")
    refuses("UPDATE orderbook_bulkstep SET quote_line_id = NULL")
    said = HistoryEntry.objects.filter(table_name=QUOTES).order_by("pk").first()
    assert said is not None
    assert said.after is not None
    assert (said.after["digest"], said.after["sealed"]) == (quote.digest, "***")


@pytest.mark.parametrize(
    ("forgery", "found"),
    [
        ("UPDATE orderbook_quoteline SET price = price - 10000", "not what was sealed"),
        ("UPDATE orderbook_quote SET digest = repeat('0', 64)", "not what was sealed"),
        ("UPDATE accounts_transfer SET amount = amount + 1 WHERE kind = 14", "its quote offers"),
        ("UPDATE orderbook_bulkstep SET notional = notional + 1", "its quote offers"),
        ("UPDATE orderbook_bulkstep SET maker_fees = -1", "its fee account got"),
        ("UPDATE accounts_transfer SET reference = 0 WHERE kind = 14", "without its step"),
        ("UPDATE orderbook_quote SET state = 'standing', ended_at = NULL", "its request is"),
    ],
)
def test_what_is_forged_is_found(
    company: Company, seller: Owner, market: Product, forgery: str, found: str
) -> None:
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    answered(request, seller, (market, 3, 20, 1))
    opened(request)
    order.refresh_from_db()
    ask_for(order, company.trader)
    carried_out(order)
    assert broken_invariants() == []
    with transaction.atomic():
        with triggers_off(), connection.cursor() as cursor:
            cursor.execute(forgery)
        assert any(found in line for line in broken_invariants())
        transaction.set_rollback(True)


def test_of_taking_lapsing_and_declining_at_once_one_happens(
    company: Company, seller: Owner, market: Product
) -> None:
    for number in range(3):
        order = company.order({"tonnes": 10})
        request = asked(order, company.trader)
        quote = answered(request, seller, (market, 3, 20, 1))
        opened(request)
        if number == 2:
            validity_passes(quote)
        copies = [BulkOrder.objects.get(pk=order.pk) for _ in range(2)]
        race(
            lambda copies=copies: ask_for(copies[0], company.trader),
            lambda copies=copies: ask_for(copies[1], company.trader),
            lambda request=request: quotes_lapse(request_id=request.pk),
            lambda request=request: quote_request_end(request=request, by=company.trader),
        )
        quote.refresh_from_db()
        taken = order.executions.filter(started_at__isnull=False).count()
        assert taken == (quote.state == Quote.State.TAKEN)
    assert Balance.objects.get(owner=seller, asset=market.base).held == 0
    assert broken_invariants() == []


def test_whoever_dies_at_any_statement_has_opened_and_exchanged_all_or_nothing(
    company: Company, seller: Owner, market: Product
) -> None:
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    quote = answered(request, seller, (market, 3, 20, 1), (market, 4, 5))
    deadline_passes(request)
    assert tries(lambda: quote_request_open(request_id=request.pk)) > 5
    opened(request)
    order.refresh_from_db()
    assert tries(lambda: ask_for(order, company.trader)) > 20
    carried_out(order)
    quote.refresh_from_db()
    assert (order.state, quote.state) == (BulkOrder.State.DONE, Quote.State.TAKEN)
    assert broken_invariants() == []


def tries(do: Callable[[], object]) -> int:
    """How many died, each one statement later than the one before, until one got through."""
    for statement in count(1):
        try:
            with dying_at(statement):
                do()
        except OperationalError:
            is_taken = Quote.objects.get().state == Quote.State.TAKEN
            assert BulkExecution.objects.exists() == is_taken
            assert broken_quotes() == []
        else:
            return statement
    raise AssertionError("nobody got through")


def broken_quotes() -> list[str]:
    """What the invariants say of quotes and what is held for them."""
    told = (check for name, check in INVARIANTS.items() if "quotes" in name or "held" in name)
    return [line for check in told for line in check()]


def test_withdrawn_and_opened_at_once_it_is_one_of_them(
    company: Company, seller: Owner, market: Product
) -> None:
    for _ in range(3):
        request = asked(company.order({"tonnes": 10}), company.trader)
        quote = answered(request, seller, (market, 3, 20, 1))
        race(
            lambda request=request: (deadline_passes(request), quotes_sweep()),
            lambda quote=quote: quote_withdraw(quote=quote, by=seller.user),  # type: ignore[arg-type]
        )
        quote.refresh_from_db()
        request.refresh_from_db()
        withdrawn = quote.state == Quote.State.WITHDRAWN
        assert request.state == ("lapsed" if withdrawn else "opened")
        assert bool(quote.revealed) != withdrawn
    assert broken_invariants() == []


@pytest.mark.parametrize("guarded", ["lock", "trigger", "control: neither"])
def test_what_is_held_is_released_once_though_two_end_it(
    company: Company, seller: Owner, market: Product, guarded: str
) -> None:
    requests = [asked(company.order({"tonnes": 10}), company.trader) for _ in range(2)]
    for request in requests:
        answered(request, seller, (market, 3, 20))
    # Without its order a request ends by itself.
    BulkOrder.objects.filter(pk=requests[0].order_id).update(state="cancelled")
    both, close = threading.Barrier(2), quote_holds.quotes_close

    def met(*terms: Any) -> Any:
        both.wait(10)
        return close(*terms)

    with ExitStack() as world:
        if guarded != "lock":
            world.enter_context(_unlocked(met))
        if guarded == "control: neither":
            world.enter_context(_trigger_off())
        race(*(lambda: quotes_lapse(request_id=requests[0].pk) for _ in range(2)))
    held = Balance.objects.get(owner=seller, asset=market.base).held
    assert held == (0 if guarded == "control: neither" else 20 * TONNE)
    assert bool(broken_invariants()) == (guarded == "control: neither")


@contextmanager
def _unlocked(met: Any) -> Iterator[None]:
    """The services forget their locks, and two meet where each has read what stands."""
    name = "apps.orderbook.services.quote_requests.request_lock"

    def read(request_id: int) -> QuoteRequest:
        return QuoteRequest.objects.select_related("order__owner", "order__quote").get(
            pk=request_id
        )

    def standing(request: QuoteRequest) -> list[Quote]:
        found = Quote.objects.filter(request=request, state=Quote.State.STANDING)
        return list(found.select_related("owner"))

    with (
        patch(name, side_effect=read),
        patch.object(quote_holds, "standing_quotes", side_effect=standing),
        patch.object(quote_holds, "quotes_close", side_effect=met),
    ):
        yield


@contextmanager
def _trigger_off() -> Iterator[None]:
    """The database does not look either."""
    try:
        _triggers("DISABLE")
        yield
    finally:
        _triggers("ENABLE")


def _triggers(does: str) -> None:
    with connection.cursor() as cursor:
        for table in (QUOTES, "orderbook_quoterequest"):
            cursor.execute(f"ALTER TABLE {table} {does} TRIGGER {table}_guard")
