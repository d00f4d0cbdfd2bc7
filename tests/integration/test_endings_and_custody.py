"""What ended at the registry is never in custody, whoever comes first, and the checks would see it.

The races have their negative control: with the guard taken away both get in.
"""

import threading
import time
from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.errors import ServiceError
from apps.accounts.models import FourEyesModel
from apps.registry.models import CustodyReceipt, RegistryEntry, SerialBlock
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from tests.support.factories import owner_make, staff_make
from tests.support.registry import TONNE, block_make, broken_invariants

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_S = 20
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
Act = Callable[[], object]


def ending(block: SerialBlock, first: int, last: int) -> RegistryEntry:
    """The registry's word, not yet written, that these serials of the block were retired."""
    serial = block.serial.replace(f"-{block.start}-{block.end}-", f"-{first}-{last}-")
    lower = block.base + (first - block.start) * TONNE
    return RegistryEntry(
        registry=block.series.registry,
        project=block.vintage.project,
        kind=RegistryEntry.Kind.RETIREMENT,
        reference=serial,
        series=block.series,
        grams=(lower, lower + (last - first + 1) * TONNE),
        quantity_grams=(last - first + 1) * TONNE,
        on=date(2026, 4, 13),
    )


def receiving(block: SerialBlock) -> Act:
    """The second signature under the receipt of the block."""
    proposal = custody_receipt_propose(
        block=block,
        owner=owner_make(),
        registry_reference="T-1",
        by=staff_make(("add", CustodyReceipt)),
    )
    decider = staff_make(("change", CustodyReceipt))
    approved = FourEyesModel.Decision.APPROVED
    return lambda: custody_receipt_decide(proposal=proposal, decision=approved, by=decider)


def wait_for_a_waiter() -> None:
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        with connection.cursor() as cursor:
            # A transaction is shown the same activity all the time, unless it asks anew.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for what the first has written")


def one_while_the_other_is_open(first: Act, second: Act, *, waits: bool = True) -> list[object]:
    """What each returns or raises: the second begins when the first has written, not committed."""
    written = threading.Event()
    results: list[object] = [None, None]

    def run_first() -> object:
        with transaction.atomic():
            done = first()
            written.set()
            if waits:
                wait_for_a_waiter()
            return done

    def run_second() -> object:
        assert written.wait(WAIT_S)
        return second()

    def run(at: int, act: Act) -> None:
        try:
            results[at] = act()
        except (IntegrityError, ServiceError, AssertionError) as error:
            results[at] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=pair, daemon=True)
        for pair in enumerate((run_first, run_second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S * 2)
    assert not any(thread.is_alive() for thread in threads), "one of them never came back"
    return results


@pytest.mark.parametrize("is_ending_first", [True, False])
def test_of_an_ending_and_a_receipt_at_once_the_first_gets_in(is_ending_first: bool) -> None:
    block = block_make(1, 10)
    end, receive = ending(block, 4, 6).save, receiving(block)
    pair = (end, receive) if is_ending_first else (receive, end)
    won, lost = one_while_the_other_is_open(*pair)
    assert not isinstance(won, Exception), won
    assert isinstance(lost, IntegrityError | ServiceError), lost
    block.refresh_from_db()
    assert RegistryEntry.objects.exists() == is_ending_first
    assert (block.state == SerialBlock.State.ISSUED) == is_ending_first
    assert broken_invariants() == []


def test_without_the_guard_both_get_in_and_the_check_says_so() -> None:
    block = block_make(1, 10)
    end, receive = ending(block, 4, 6), receiving(block)

    def unguarded() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            end.save()

    results = one_while_the_other_is_open(receive, unguarded, waits=False)
    assert not [result for result in results if isinstance(result, Exception)]
    broken = [line for line in broken_invariants() if "is in custody" in line]
    assert broken == [f"ending {end.reference}: block {block.serial} is in custody"]


def test_the_checks_see_an_ending_of_another_size_or_place_and_a_block_that_ended() -> None:
    block = block_make(1, 10)
    whole = ending(block, 1, 10)
    whole.save()
    far = (block.series.window_tonnes + 5) * TONNE
    for change, said in (
        ({"quantity_grams": 1}, f"ending {whole.reference}: 1 grams, its serials have 10000000"),
        ({"grams": (far, far + 10 * TONNE)}, f"ending {whole.reference}: outside its series"),
        ({}, f"block {block.serial}: issued, but all of it ended at the registry"),
    ):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
            if change:
                RegistryEntry.objects.update(**change)
            assert said in broken_invariants()
            transaction.set_rollback(True)
