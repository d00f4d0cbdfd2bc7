"""Checking a journal: whole ones pass, and whatever somebody changes, removes or swaps is found."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from apps.orderbook.engine.audit import verify_chain, verify_replay
from apps.orderbook.engine.session import connect
from apps.orderbook.management.commands import replay as replay_command
from apps.orderbook.models import Command, Event, Order, Product
from apps.orderbook.services.commands import state_ask
from tests.support.engines import (
    broken_invariants,
    buy,
    engine,
    market_make,
    run_engine,
    running,
    sell,
    trader,
)
from tests.support.flow import place_random_commands
from tests.support.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000


@pytest.fixture
def product() -> Product:
    """A market with a history of orders, cancels and trades."""
    product = market_make(maker_bps=7, taker_bps=25)
    owners = [trader(product) for _ in range(3)]
    place_random_commands(product, owners, seed=1, count=60)
    run_engine(batch_max=25)
    return product


def found(product: Product) -> str:
    """What checking the journal finds; empty when it is whole."""
    with connect("audit") as session:
        return "\n".join(verify_chain(session, product.pk))


def event_with(text: str) -> Event:
    return next(event for event in Event.objects.order_by("id") if text in event.body)


def test_a_whole_journal_verifies_and_replays(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_journal")
    call_command("replay", product.code, "--tables")
    assert "1 journals are whole" in capsys.readouterr().out


def test_a_changed_event_is_found(product: Product) -> None:
    event = event_with('"fees":0')
    tamper(
        "UPDATE orderbook_event SET body = replace(body, '\"fees\":0', '\"fees\":1') WHERE id = %s",
        event.pk,
    )
    assert "is not what its hash says" in found(product)
    with pytest.raises(CommandError):
        call_command("verify_journal")


def test_a_changed_hash_is_found(product: Product) -> None:
    tamper("UPDATE orderbook_event SET hash = sha256(hash) WHERE id = %s", event_with("").pk)
    assert "is not what its hash says" in found(product)


def test_a_missing_event_is_found(product: Product) -> None:
    tamper("DELETE FROM orderbook_event WHERE id = %s", event_with("").pk + 3)
    assert "event 4 is missing" in found(product)


def test_events_cut_off_at_the_end_are_found(product: Product) -> None:
    last = Event.objects.order_by("-id").values_list("id", flat=True)[0]
    tamper("DELETE FROM orderbook_event WHERE id = %s", last)
    assert "the engine elsewhere" in found(product)


def test_two_swapped_events_are_found(product: Product) -> None:
    first = event_with("").pk
    tamper(
        "UPDATE orderbook_event e SET body = other.body, hash = other.hash, "
        "command_id = -other.command_id FROM orderbook_event other "
        "WHERE e.id IN (%s, %s) AND other.id IN (%s, %s) AND e.id <> other.id",
        first + 4, first + 5, first + 4, first + 5,
    )  # fmt: skip
    tamper("UPDATE orderbook_event SET command_id = -command_id WHERE command_id < 0")
    assert "event 5 is not what its hash says" in found(product)


def test_a_history_that_was_written_anew_ends_elsewhere(product: Product) -> None:
    """Whoever computes all hashes again still has to change what the engine goes on from."""
    event = event_with('"fees":0')
    tamper(
        """
        WITH RECURSIVE bodies AS (
            SELECT id, CASE WHEN id = %s THEN replace(body, '"fees":0', '"fees":1') ELSE body END
                AS body FROM orderbook_event
        ), anew AS (
            SELECT id, body, sha256(convert_to(body, 'UTF8')) AS hash FROM bodies
            WHERE id = (SELECT min(id) FROM bodies)
            UNION ALL
            SELECT b.id, b.body, sha256(anew.hash || convert_to(b.body, 'UTF8'))
            FROM anew JOIN bodies b ON b.id = anew.id + 1
        )
        UPDATE orderbook_event e SET body = anew.body, hash = anew.hash
        FROM anew WHERE anew.id = e.id
        """,
        event.pk,
    )
    assert "the engine elsewhere" in found(product)
    assert "is not what its hash says" not in found(product)


@pytest.mark.parametrize(
    "change",
    ["price = price + 100000", "owner_id = owner_id + 1", "client_oid = 'x'", "kind = 2"],
)
def test_a_command_that_was_changed_after_its_event_is_found(product: Product, change: str) -> None:
    command = Command.objects.filter(kind=1, price__isnull=False).order_by("id")[5]
    tamper(f"UPDATE orderbook_command SET {change} WHERE id = %s", command.pk)
    assert f"command {command.pk} is not what its event says" in found(product)


def test_a_missing_command_is_found(product: Product) -> None:
    command = Command.objects.order_by("id")[5]
    tamper("DELETE FROM orderbook_command WHERE id = %s", command.pk)
    assert f"command {command.pk} is missing" in found(product)


def test_replay_finds_an_order_that_the_journal_does_not_know(product: Product) -> None:
    order = Order.objects.filter(status=1).order_by("id")[0]
    tamper("UPDATE orderbook_order SET fees = fees + 1 WHERE id = %s", order.pk)
    with pytest.raises(CommandError, match="another book than the tables hold"):
        call_command("replay", product.code, "--tables")


def test_replay_compares_with_the_running_engine(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    with running():
        call_command("replay", product.code)
    assert "which is the running engine's" in capsys.readouterr().out
    asked = event_with('"kind":"state"')
    assert len(json.loads(asked.body)["result"]["hash"]) == 64
    assert found(product) == ""
    assert broken_invariants() == []


def test_replay_finds_that_the_engines_memory_is_not_what_the_journal_says() -> None:
    """One bit of an order in memory: the tables do not show it, the next trade would."""
    product = market_make()
    seller, buyer = trader(product), trader(product)
    with engine() as hand:
        sell(product, seller, P10, ONE)
        order = sell(product, seller, P10, ONE)
        buy(product, buyer, P10 // 2, ONE)
        hand.settle()
        kept = hand.market(product).book.get(seller.pk, order)
        assert kept is not None
        kept.entity += 1
        state_ask(product=product)
        hand.settle()
        differences = list(verify_replay(hand.connection, product.pk))
    assert len(differences) == 1
    assert '"kind":"state"' in differences[0]


def test_replay_says_so_when_no_engine_runs(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_command, "WAIT_S", 0.05)
    with pytest.raises(CommandError, match="No engine answered"):
        call_command("replay", product.code)
