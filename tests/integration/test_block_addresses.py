"""The database keeps each block at the address of its serials, whoever writes it."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from apps.registry.invariants import blocks_stand_at_their_addresses
from apps.registry.models import SerialBlock, SerialSeries
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.selectors import blocks_with_number
from tests.support.filling import triggers_off
from tests.support.registry import block_make

pytestmark = pytest.mark.django_db


def copy_of(block: SerialBlock, *, first: int, last: int, base: int | None = None) -> SerialBlock:
    """Another block of the same series and vintage, not yet written; the service is not asked."""
    values = {"series_id": block.series_id, "vintage_id": block.vintage_id, "serial": "x"}
    placed = {} if base is None else {"base": base}
    return SerialBlock(start=first, end=last, **values, **placed)


def test_a_block_given_no_address_gets_that_of_its_serials() -> None:
    block = block_make(1, 10)
    copy_of(block, first=11, last=20).save()
    assert SerialBlock.objects.get(start=11).base == block.base + 10 * GRAMS_PER_TONNE


@pytest.mark.parametrize("off", [1, -1, GRAMS_PER_TONNE, 10**15])
def test_a_block_at_another_address_is_refused(off: int) -> None:
    block = block_make(1, 10)
    wrong = copy_of(block, first=51, last=60, base=block.base + 50 * GRAMS_PER_TONNE + off)
    with pytest.raises(IntegrityError, match="not at the address"), transaction.atomic():
        wrong.save()


def test_one_wrong_address_among_many_right_ones_refuses_them_all() -> None:
    block = block_make(1, 10)
    rows = [
        copy_of(block, first=n, last=n, base=block.base + (n - 1) * GRAMS_PER_TONNE + (n == 33))
        for n in range(11, 40, 2)
    ]
    with pytest.raises(IntegrityError, match="not at the address"), transaction.atomic():
        SerialBlock.objects.bulk_create(rows)
    assert SerialBlock.objects.count() == 1


@pytest.mark.parametrize(
    ("is_placed", "why"), [(True, "not at the address"), (False, "does not fit the window")]
)
def test_a_serial_beyond_the_room_of_its_series_is_refused(is_placed: bool, why: str) -> None:
    block = block_make(1, 10)
    last = block.series.window_tonnes
    base = block.base + (last - 1) * GRAMS_PER_TONNE if is_placed else None
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        copy_of(block, first=last, last=last, base=base).save()


def test_a_block_that_is_written_immobilised_has_all_its_grams_free() -> None:
    block = block_make(1, 10)
    held = copy_of(block, first=11, last=20, base=block.base + 10 * GRAMS_PER_TONNE)
    held.state = SerialBlock.State.IMMOBILISED
    with transaction.atomic():
        held.save()
        held.refresh_from_db()
        assert held.free_grams == held.grams
        transaction.set_rollback(True)


def test_a_block_does_not_move() -> None:
    block = block_make(1, 10)
    with pytest.raises(IntegrityError), transaction.atomic():
        SerialBlock.objects.filter(pk=block.pk).update(base=F("base") + 1)


def test_a_bare_number_is_found_by_an_index_in_short_series_and_in_long_ones() -> None:
    block = block_make(1, 10)
    # Of a handful of rows any index is as good as another.
    SerialBlock.objects.bulk_create(copy_of(block, first=n, last=n) for n in range(11, 3_011))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE registry_serialblock")
    found = blocks_with_number(7)
    assert [block.start for block in found] == [1]
    assert not blocks_with_number(3_011).exists()
    assert "registry_block_serials_once" in found.explain()


def test_a_block_out_of_place_and_a_window_that_two_series_share_are_found() -> None:
    one, other = block_make(1, 10), block_make(1, 10, is_old_form=True)
    assert not list(blocks_stand_at_their_addresses())
    with triggers_off():
        SerialBlock.objects.filter(pk=one.pk).update(base=F("base") + 1)
        SerialSeries.objects.filter(pk=other.series_id).update(first_gram=F("first_gram") - 1)
    assert list(blocks_stand_at_their_addresses()) == [
        f"block {one.serial}: not at the address of its serials",
        f"block {other.serial}: not at the address of its serials",
        "series VCU: its window begins inside another's",
    ]
