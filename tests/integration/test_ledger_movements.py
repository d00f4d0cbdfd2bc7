"""What moved on a balance, with the fees that are in no index: all of it, once, in order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import connection

from apps.accounts.ledger.invariants import fees_stand_behind_their_trades
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.movements import IS_FEE_OF_TRADE, moved
from apps.accounts.ledger.numbers import NUMBERED_FROM, PLACES
from apps.accounts.selectors import NEWEST_TRANSFERS, transfers_of
from apps.accounts.statements import Month, rows_of, statement_of
from apps.orderbook.engine.session import array
from apps.orderbook.selectors.accounts import account_ledger
from tests.support.engines import broken_invariants, buy, market_make, run_engine, sell, trader
from tests.support.filling import fill
from tests.support.plans import nodes_of
from tests.support.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)

ONE, P10 = 1_000_000, 10_000_000


def naive(balance: Balance) -> list[tuple[int, int]]:
    """Ids and amounts of all that moved on a balance, as a look at every transfer finds them."""
    found = []
    for row in Transfer.objects.order_by("pk"):
        if balance.pk in (row.from_balance_id, row.to_balance_id):
            found.append((row.pk, row.amount if row.to_balance_id == balance.pk else -row.amount))
    return found


def asked(balance: Balance, **terms: object) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(moved(str(balance.pk), **terms))  # type: ignore[arg-type]
        return [(pk, amount) for pk, amount, *_ in cursor.fetchall()]


@pytest.fixture
def traders() -> Sequence[Owner]:
    """Two who bought from and sold to each other in a market with fees and one with rebates."""
    one, two = market_make(maker_bps=10, taker_bps=30), market_make(maker_bps=-5, taker_bps=30)
    first, second = trader(one), trader(one)
    for owner in (first, second):
        for product in (one, two):
            sell(product, trader(product), P10, 2 * ONE)
            buy(product, owner, P10, ONE)
            sell(product, owner, P10, ONE)
            buy(product, second if owner is first else first, P10, 2 * ONE)
    run_engine()
    return first, second


def balances(owners: Sequence[Owner]) -> list[Balance]:
    return list(Balance.objects.filter(owner__in=owners).order_by("pk"))


def test_every_page_from_either_end_has_what_a_look_at_all_transfers_finds(
    traders: Sequence[Owner],
) -> None:
    fees = Transfer.objects.extra(where=[IS_FEE_OF_TRADE]).count()
    assert fees >= 8
    for balance in balances(traders):
        rows = naive(balance)
        assert sorted(asked(balance)) == rows
        cuts = [0, *(pk for pk, _ in rows), PLACES * NUMBERED_FROM]
        for most in (1, 2, 3, 7):
            for cut in cuts:
                above = [row for row in rows if row[0] > cut][:most]
                below = [row for row in reversed(rows) if row[0] < cut][:most]
                ascending = {"above": str(cut), "most": str(most), "latest_first": False}
                assert asked(balance, **ascending) == above
                assert asked(balance, below=str(cut), most=str(most)) == below


def test_pages_ledger_and_statement_agree_about_a_trader(traders: Sequence[Owner]) -> None:
    now = Transfer.objects.latest("pk").created_at
    month = Month(now.year, now.month)
    for owner in traders:
        statements = {item.asset: item for item in statement_of(owner, month)}
        for balance in balances([owner]):
            rows = naive(balance)
            page = transfers_of(owner, asset=balance.asset).movements
            assert [(move.id, move.amount) for move in page] == rows[::-1]
            ledger = account_ledger(balance, after=None, before=None, limit=100)
            assert [(entry.id, entry.amount) for entry in ledger] == rows[::-1]
            assert ledger[0].balance == balance.total
            before = account_ledger(balance, after=rows[-1][0], before=None, limit=1)
            assert [entry.balance for entry in before] == [
                balance.total - amount for _, amount in rows[1:][-1:]
            ]
            item = statements[balance.asset]
            assert item.closing == balance.total
            assert [row.amount for row in rows_of(owner, month, item)] == [a for _, a in rows]


def test_what_was_numbered_row_by_row_is_found_once_as_well(traders: Sequence[Owner]) -> None:
    """Then each row drew a number of its own, and those of other trades came between."""
    tamper(
        "UPDATE accounts_transfer t SET id = old.id, batch = 1 FROM ("
        "SELECT id AS was, row_number() OVER (ORDER BY md5(id::text)) AS id FROM accounts_transfer"
        ") old WHERE old.was = t.id"
    )
    assert not Transfer.objects.extra(where=[IS_FEE_OF_TRADE]).exists()
    for balance in balances(traders):
        assert sorted(asked(balance)) == naive(balance)


def test_movements_committed_as_one_follow_each_other(traders: Sequence[Owner]) -> None:
    for batch in set(Transfer.objects.values_list("batch", flat=True)):
        ids = list(Transfer.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True))
        assert ids == list(range(batch, batch + len(ids)))
        assert batch % PLACES == 0
        assert batch >= NUMBERED_FROM


def test_a_fee_that_stands_elsewhere_is_noticed(traders: Sequence[Owner]) -> None:
    assert broken_invariants() == []
    fee = Transfer.objects.extra(where=[IS_FEE_OF_TRADE]).latest("pk")
    tamper("UPDATE accounts_transfer SET id = id + 100 WHERE id = %s", fee.pk)
    assert list(fees_stand_behind_their_trades()) == [
        f"transfer {fee.pk + 100}: the fee of a trade that does not stand behind it"
    ]
    balance = fee.to_balance  # the last is a rebate
    assert len(asked(balance)) == len(naive(balance)) - 1


@pytest.mark.django_db(transaction=False)
def test_a_page_of_a_large_ledger_is_read_by_index_alone() -> None:
    fill(Transfer, {Transfer: 20_000, Balance: 2_000, Owner: 1_000, Asset: 2})
    newest = NEWEST_TRANSFERS % {
        "balances": f"'{array(range(1, 6))}'",
        "before": 9_000,
        "limit": 51,
    }
    oldest = moved("7", above="100", most="50", latest_first=False)
    for sql in (newest, oldest):
        scans = [node for node in nodes_of(sql) if node.get("Relation Name") == "accounts_transfer"]
        assert len(scans) == 3
        assert all("Index Cond" in node for node in scans), scans
        assert all(node["Node Type"] == "Index Scan" for node in scans), scans
