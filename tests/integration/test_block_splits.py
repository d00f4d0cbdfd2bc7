"""Cutting a block: every gram stays where it is, whoever looks at it and whatever is out."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import Balance, User
from apps.registry.certifying import certificate_lines
from apps.registry.models import (
    BlockSplit,
    CreditEvent,
    CustodyReceipt,
    RegistryEntry,
    SerialBlock,
    Span,
)
from apps.registry.selectors import traces_of
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from apps.registry.services.retirements import retirement_create
from apps.registry.services.spans import spans_reserve, tokenised_redeem
from apps.registry.services.splits import block_split
from tests.support.factories import client_of, owner_make, staff_make
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make
from tests.support.retiring import bridge, retire, retire_on_chain, take_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return staff_make(("change", SerialBlock))


def cut(block: SerialBlock, last_serial: int, staff: User) -> SerialBlock:
    return block_split(block=block, last_serial=last_serial, reason="Statement 7", by=staff)


def ranges() -> list[tuple[int, int, str]]:
    rows = SerialBlock.objects.order_by("start")
    return [(block.start, block.end, block.state) for block in rows]


def deferred_now() -> None:
    """What the database checks at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_block_becomes_two_that_hold_the_same_serials(staff: User) -> None:
    block = block_make(1, 10)
    upper = cut(block, 4, staff)
    deferred_now()
    block.refresh_from_db()
    assert ranges() == [(1, 4, "issued"), (5, 10, "issued")]
    assert block.serial.startswith("19370-1-4-VCS")
    assert upper.serial.startswith("19370-5-10-VCS")
    assert upper.base == block.base + 4 * TONNE
    assert (upper.origin, upper.whole_serial) == (block, block.whole_serial)
    assert upper.issued_on == block.issued_on == date(2026, 3, 31)
    split = BlockSplit.objects.get()
    assert (split.last_serial, split.reason, split.by) == (4, "Statement 7", staff)


def test_in_custody_nothing_moves(staff: User) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    retirement = retire(owner, credit_class, 2 * TONNE + 300_000)
    take_out(owner, credit_class, 2)
    before = [(span.grams.lower, span.grams.upper, span.state) for span in spans()]
    cut(block, 3, staff)
    cut(SerialBlock.objects.get(start=4), 5, staff)
    deferred_now()
    assert ranges() == [(1, 3, "immobilised"), (4, 5, "immobilised"), (6, 10, "immobilised")]
    assert [(span.grams.lower, span.grams.upper, span.state) for span in spans()] == before
    assert [span.block.start for span in spans()] == [1, 4]
    assert Balance.objects.get(owner=owner).available == 5 * TONNE + 700_000
    assert sum(line.citation.grams for line in certificate_lines(retirement)) == 2_300_000
    assert broken_invariants() == []


def spans() -> list[Span]:
    return list(Span.objects.select_related("block").order_by("grams"))


def test_what_was_retired_across_the_cut_is_cited_by_both_parts(staff: User) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    retirement = retire(owner, credit_class, 4 * TONNE)
    cut(block, 2, staff)
    deferred_now()
    lines = certificate_lines(retirement)
    assert [(line.citation.first, line.citation.last) for line in lines] == [(1, 2), (3, 4)]
    assert broken_invariants() == []


def test_what_is_out_as_nfts_together_is_not_parted(staff: User) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    take_out(owner, credit_class, 4)
    with pytest.raises(Conflict) as caught:
        cut(block, 2, staff)
    assert caught.value.code == "span_across"
    assert ranges() == [(1, 10, "immobilised")]
    cut(block, 4, staff)
    assert broken_invariants() == []


def test_nfts_taken_out_before_the_cut_come_back_and_retire_by_the_old_block(staff: User) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    take_out(owner, credit_class, 3)
    take_out(owner, credit_class, 3)
    cut(block, 3, staff)
    # The chain knows the block by its first number, and a wallet may return from both at once.
    tokenised_redeem(block=block, first_serial=2, last_serial=5, reference="0xburn")
    bridge(owner, credit_class, -4 * TONNE)
    retirement = retire_on_chain(block, 6, 6)
    [line] = certificate_lines(retirement)
    assert line.citation.block.start == 4
    assert [(span.block.start, span.state) for span in spans()] == [
        (1, "tokenised"),
        (4, "retired"),
    ]
    events = CreditEvent.objects.filter(kind="redeemed").order_by("grams")
    assert [event.block.start for event in events] == [1, 4]
    assert broken_invariants() == []


def test_what_goes_out_after_the_cut_keeps_its_number_on_chain(staff: User) -> None:
    from apps.nft.models.bridge import BLOCK_ID_STRIDE, token_id_of

    block = block_make(101, 10)
    _owner, credit_class = holder_make(block)
    assert token_id_of(block, 108) == block.pk * BLOCK_ID_STRIDE + 7
    upper = cut(block, 104, staff)
    assert token_id_of(upper, 108) == block.pk * BLOCK_ID_STRIDE + 7
    [low, high] = spans_reserve(credit_class=credit_class, tonnes=10)
    assert [span.block.origin for span in (low, high)] == [block, block]


def test_a_trace_tells_what_happened_before_the_cut(staff: User) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    retire(owner, credit_class, TONNE)
    cut(block, 5, staff)
    [trace] = traces_of("19370-7-8-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0")
    assert trace.block.start == 6
    assert [event.kind for event in trace.events] == ["received", "split"]
    page = client_of(staff).get(f"/serials/{trace.serial}")
    assert "19370-1-10-VCS" not in page.content.decode(), "a step names grams by their numbers"
    assert page.status_code == 200
    api = client_of(staff).get(f"/api/v1/serials/{trace.serial}").json()
    assert api[0]["events"][1]["serial"].startswith("19370-1-10-VCS")


@pytest.mark.parametrize("last_serial", [0, 10, 11, -5])
def test_a_cut_leaves_two_parts(staff: User, last_serial: int) -> None:
    with pytest.raises(ServiceError) as caught:
        cut(block_make(1, 10), last_serial, staff)
    assert caught.value.code == "split_outside"


def test_others_do_not_cut_and_nobody_without_a_reason(staff: User) -> None:
    block = block_make()
    with pytest.raises(NotPermitted):
        cut(block, 4, staff_make())
    with pytest.raises(ServiceError, match="rests on"):
        block_split(block=block, last_serial=4, reason=" ", by=staff)


def test_a_block_with_a_receipt_under_way_waits(staff: User) -> None:
    block = block_make()
    proposer, decider = staff_make(("add", CustodyReceipt)), staff_make(("change", CustodyReceipt))
    receipt = custody_receipt_propose(
        block=block, owner=owner_make(), registry_reference="T", by=proposer
    )
    with pytest.raises(Conflict) as caught:
        cut(block, 4, staff)
    assert caught.value.code == "receipt_pending"
    custody_receipt_decide(proposal=receipt, decision="approved", by=decider)
    cut(block, 4, staff)
    assert broken_invariants() == []


def test_what_the_registry_did_not_end_can_be_received_once_it_is_cut_off(staff: User) -> None:
    block = block_make(1, 10)
    RegistryEntry.objects.create(
        registry=block.vintage.project.registry,
        project=block.vintage.project,
        kind="retirement",
        reference="R-1",
        series=block.series,
        grams=(block.base, block.base + 4 * TONNE),
        quantity_grams=4 * TONNE,
    )
    upper = cut(block, 4, staff)
    assert ranges() == [(1, 4, "retired"), (5, 10, "issued")]
    owner, _class = holder_make(upper)
    assert Balance.objects.get(owner=owner).available == 6 * TONNE
    assert broken_invariants() == []


def test_staff_cut_in_the_admin(staff: User) -> None:
    block = block_make(1, 10)
    form = {"_form_submitted": "on", "last_serial": 4, "reason": "Statement 7"}
    staff.is_superuser = True
    staff.save()
    client_of(staff).post(f"/admin/registry/serialblock/{block.pk}/split/", form)
    assert ranges() == [(1, 4, "issued"), (5, 10, "issued")]
    history = client_of(staff).get("/admin/registry/blocksplit/")
    assert "Statement 7" in history.content.decode()


# ------------------------------------------------------------------ the database's own guards


def test_the_database_refuses_a_cut_that_loses_serials() -> None:
    block = block_make(1, 10)
    SerialBlock.objects.filter(pk=block.pk).update(end=4)
    with pytest.raises(IntegrityError, match="are not the whole"):
        deferred_now()
    transaction.set_rollback(True)


def test_the_database_refuses_to_part_custody_from_what_is_cut_off(staff: User) -> None:
    block = block_make(1, 10)
    holder_make(block)
    SerialBlock.objects.filter(pk=block.pk).update(end=4)
    SerialBlock.objects.create(
        series=block.series, vintage=block.vintage, serial="x", start=5, end=10, root=block
    )
    with pytest.raises(IntegrityError, match="has left our custody"):
        deferred_now()
    transaction.set_rollback(True)


@pytest.mark.parametrize("state", ["issued", "withdrawn", "retired"])
def test_the_database_keeps_a_block_in_custody_while_grams_are_there(state: str) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    retire(owner, credit_class, 9 * TONNE)
    with pytest.raises(IntegrityError, match="still in our custody"), transaction.atomic():
        SerialBlock.objects.filter(pk=block.pk).update(state=state)


def test_the_database_keeps_what_is_retired() -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    retire(owner, credit_class, TONNE)
    for change in (
        lambda: Span.objects.all().delete(),
        lambda: Span.objects.update(state="tokenised", retirement=None),
        lambda: SerialBlock.objects.filter(pk=block.pk).update(root_id=block.pk),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_history_is_append_only(staff: User) -> None:
    cut(block_make(), 4, staff)
    for change in (
        lambda: BlockSplit.objects.update(reason="x"),
        lambda: BlockSplit.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_a_retirement_after_the_cut_fills_the_same_tonne(staff: User) -> None:
    block = block_make(1, 10)
    owner, credit_class = holder_make(block)
    retire(owner, credit_class, 300_000, key="a")
    cut(block, 1, staff)
    second = retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=700_000,
        beneficiary="B",
        idempotency_key="b",
    )
    [line] = certificate_lines(second)
    assert [tonne.percent for tonne in line.shared] == [100]
    assert broken_invariants() == []
