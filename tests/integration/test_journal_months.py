"""The journal's months: made ahead, moved into files and back, without a break in the chain."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.accounts.models import WebhookCursor
from apps.orderbook.engine.archive_files import ArchiveBroken
from apps.orderbook.engine.audit import verify_chain, verify_replay
from apps.orderbook.engine.months import month_archive, month_restore, months_create, months_old
from apps.orderbook.engine.session import Connection, connect
from apps.orderbook.ids import id_first
from apps.orderbook.models import Command, Event, JournalArchive, Product
from apps.orderbook.selectors.journal import commands_decided
from apps.orderbook.tasks import journal_months_create
from tests.support.engines import broken_invariants, buy, engine, market_make, run_engine, trader
from tests.support.flow import place_random_commands
from tests.support.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000
KEPT_FROM = 25


@pytest.fixture
def month() -> date:
    return timezone.now().date().replace(day=1)


@pytest.fixture
def session() -> Iterator[Connection]:
    with connect("months") as opened:
        yield opened


@pytest.fixture
def product() -> Product:
    """A market whose first events are of this month, the later ones of the next."""
    product = market_make(maker_bps=7, taker_bps=25)
    owners = [trader(product) for _ in range(3)]
    place_random_commands(product, owners, seed=1, count=60)
    run_engine()
    tamper(
        "UPDATE orderbook_event SET created_at = created_at + interval '1 month' WHERE id >= %s",
        id_first(product.pk) + KEPT_FROM,
    )
    for table in ("command", "order"):
        tamper(
            f"UPDATE orderbook_{table} SET created_at = created_at + interval '1 month' WHERE id"
            " IN (SELECT command_id FROM orderbook_event WHERE id >= %s)",
            id_first(product.pk) + KEPT_FROM,
        )
    return product


@pytest.fixture(autouse=True)
def months_again(db: None) -> Iterator[None]:
    """What a test archived is there for the next one."""
    yield
    with connect("months") as session:
        months_create(session, timezone.now().date())


def later(month: date) -> datetime:
    """When the month is over, and the next one is not."""
    return datetime(month.year, month.month, 1, tzinfo=UTC) + timedelta(days=40)


def found(session: Connection, product: Product, folder: Path | None = None) -> list[str]:
    return list(verify_chain(session, product.pk, folder))


def test_the_next_months_have_their_tables() -> None:
    journal_months_create()
    journal_months_create()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'orderbook_event'::regclass"
        )
        assert cursor.fetchone()[0] >= 5  # four months and the table for the rest
    assert broken_invariants() == []


def test_a_month_goes_into_a_file_and_the_chain_goes_on(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    assert months_old(session, now=timezone.now(), keep=0) == []
    assert months_old(session, now=later(month), keep=1) == []
    assert months_old(session, now=later(month), keep=0) == [month]
    (file,) = month_archive(session, month, tmp_path)
    assert not Event.objects.filter(pk__lt=id_first(product.pk) + KEPT_FROM).exists()
    with gzip.open(file, "rt") as lines:
        numbers = [json.loads(line)["number"] for line in lines]
    assert numbers == list(range(1, KEPT_FROM))
    assert found(session, product) == found(session, product, tmp_path) == []
    assert list(verify_replay(session, product.pk, tmp_path)) == []
    assert broken_invariants() == []
    # The market goes on where it was.
    months_create(session, timezone.now().date())
    order = buy(product, trader(product), P10, ONE)
    run_engine()
    assert commands_decided([order]) == [order]
    assert found(session, product, tmp_path) == []


def test_commands_of_archived_months_count_as_decided(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    """Whoever repeats an order of years ago is answered at once."""
    first = Event.objects.order_by("id").values_list("command_id", flat=True)[0]
    month_archive(session, month, tmp_path)
    assert commands_decided([first]) == [first]


def test_a_month_comes_back(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    before = list(Event.objects.order_by("id").values_list())
    month_archive(session, month, tmp_path)
    assert month_restore(session, tmp_path) == month
    assert list(Event.objects.order_by("id").values_list()) == before
    assert not JournalArchive.objects.exists()
    assert found(session, product) == []
    assert broken_invariants() == []
    with pytest.raises(ServiceError) as refused:
        month_restore(session, tmp_path)
    assert refused.value.code == "nothing_archived"


def test_months_follow_each_other(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    following = later(month).date().replace(day=1)
    for each in (month, following):
        month_archive(session, each, tmp_path)
    first, second = JournalArchive.objects.order_by("first_number")
    assert (first.first_number, first.last_number) == (1, KEPT_FROM - 1)
    assert second.first_number == KEPT_FROM
    assert found(session, product) == found(session, product, tmp_path) == []
    assert list(verify_replay(session, product.pk, tmp_path)) == []
    assert month_restore(session, tmp_path) == following
    assert month_restore(session, tmp_path) == month
    assert found(session, product) == []


def test_a_clock_that_went_back_leaves_no_gap(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    """An event of the next month stands before one of this: the file has both."""
    turn = later(month).replace(day=1)
    strayed = Event.objects.get(pk=id_first(product.pk) + KEPT_FROM + 2)
    for table in ("command", "order"):
        tamper(
            f"UPDATE orderbook_{table} SET created_at = %s WHERE id <= %s AND created_at > %s",
            turn + timedelta(seconds=1), strayed.command_id, turn,
        )  # fmt: skip
    tamper(
        "UPDATE orderbook_event SET created_at = %s WHERE id = %s",
        turn - timedelta(seconds=1), strayed.pk,
    )  # fmt: skip
    before = list(Event.objects.order_by("id").values_list())
    month_archive(session, month, tmp_path)
    assert JournalArchive.objects.get().last_number == KEPT_FROM + 2
    assert found(session, product) == found(session, product, tmp_path) == []
    assert broken_invariants() == []
    month_archive(session, turn.date(), tmp_path)
    for _ in range(2):
        month_restore(session, tmp_path)
    assert list(Event.objects.order_by("id").values_list()) == before


def test_a_file_that_was_changed_is_found(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    (file,) = month_archive(session, month, tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"\1")
    with pytest.raises(ArchiveBroken, match="is not what was archived"):
        found(session, product, tmp_path)
    with pytest.raises(CommandError, match="1 broken"):
        call_command("verify_journal", archive=tmp_path)
    with pytest.raises(ArchiveBroken):
        month_restore(session, tmp_path)
    assert JournalArchive.objects.exists()
    file.unlink()
    with pytest.raises(ArchiveBroken, match="is not in"):
        found(session, product, tmp_path)


def test_a_replay_wants_the_archived_months(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    month_archive(session, month, tmp_path)
    with pytest.raises(CommandError, match="--archive FOLDER"):
        call_command("replay", product.code, tables=True)
    call_command("replay", product.code, tables=True, archive=tmp_path)


def test_a_broken_chain_is_not_archived(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    tamper("UPDATE orderbook_event SET hash = sha256(hash) WHERE id = %s", id_first(product.pk) + 3)
    with pytest.raises(ServiceError) as refused:
        month_archive(session, month, tmp_path)
    assert refused.value.code == "journal_broken"
    assert not JournalArchive.objects.exists()
    assert Event.objects.filter(pk=id_first(product.pk) + 1).exists()


def test_what_waits_for_the_month_keeps_it(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    WebhookCursor.objects.create(name=f"orders:{product.pk}", position=id_first(product.pk))
    with pytest.raises(ServiceError) as refused:
        month_archive(session, month, tmp_path)
    assert refused.value.code == "webhooks_behind"
    WebhookCursor.objects.all().delete()
    waiting = Command.objects.get(pk=buy(product, trader(product), P10, ONE))
    with pytest.raises(ServiceError) as refused:
        month_archive(session, month, tmp_path)
    assert refused.value.code == "undecided"
    assert commands_decided([waiting.pk]) == []


def test_whoever_reads_the_journal_keeps_it(
    product: Product, month: date, session: Connection, tmp_path: Path
) -> None:
    with connect("reader") as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM orderbook_event")
        with pytest.raises(ServiceError) as refused:
            month_archive(session, month, tmp_path)
        assert refused.value.code == "journal_busy"
        # And an engine is not held up by the attempt.
        buy(product, trader(product), P10, ONE)
        with engine() as hand:
            hand.settle()


def test_the_command_archives_what_is_old_enough(
    product: Product, month: date, session: Connection, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(timezone, "now", lambda: later(month))
    call_command("archive_journal", tmp_path)
    assert "0 months archived" in capsys.readouterr().out
    call_command("archive_journal", tmp_path, keep=0)
    assert "1 months archived" in capsys.readouterr().out
    call_command("restore_journal", tmp_path)
    assert f"{month:%Y-%m} is back" in capsys.readouterr().out
    with pytest.raises(CommandError, match="is not a folder"):
        call_command("archive_journal", tmp_path / "none")
