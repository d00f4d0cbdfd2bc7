"""A line of any registry that ends serials which we hold: refused, and an alarm for staff."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.registry.imports.formats import read
from apps.registry.imports.landing import land
from apps.registry.imports.rows import BlockRow, EntryRow, VintageFacts
from apps.registry.models import CustodyAlarm, SerialBlock
from tests.support.exports import (
    ACR_ENDED,
    ART_ENDED,
    CAR_ENDED,
    CER,
    CERCARBONO_ENDED,
    gs_ended,
    write_rows,
)
from tests.support.factories import owner_make
from tests.support.registry import broken_invariants, receive
from tests.support.verra import row

ENDED = {
    "verra": row(1, 10, **{"Retirement/Cancellation Date": "2026-04-13"}),
    "gold-standard": gs_ended(1, 10),
    "gold-standard's CERs": gs_ended(1, 3_657, **CER),
    "acr": ACR_ENDED,
    "car": CAR_ENDED,
    "art": ART_ENDED,
    "cercarbono": CERCARBONO_ENDED,
}


def hold(path: Path) -> SerialBlock:
    """The serials that the one line of the file ends, in our custody."""
    [said] = read(path)
    assert isinstance(said, BlockRow | EntryRow)
    assert said.serial is not None
    year = said.vintage.year if isinstance(said, BlockRow) else said.year
    assert year is not None
    issued = BlockRow(
        line=1,
        serial=said.serial,
        project=said.project,
        vintage=VintageFacts(date(year, 1, 1), date(year, 12, 31), year),
        issued_on=None,
        certifications=(),
        ending=None,
    )
    assert land([issued]).accepted == 1
    block = SerialBlock.objects.get()
    receive(block, owner_make())
    return block


@pytest.mark.django_db
@pytest.mark.parametrize("registry", ENDED)
def test_every_registry_that_gives_serials_raises_it(registry: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "ended.csv", ENDED[registry])
    block = hold(path)
    said = StringIO()
    call_command("import_registry", str(path), stdout=said)
    assert "block_held" in said.getvalue()
    assert said.getvalue().splitlines()[-1] == "rows 1 accepted 0 unchanged 0 refused 1"
    [alarm] = CustodyAlarm.objects.all()
    assert (alarm.block, alarm.grams.lower) == (block, block.base)
    assert alarm.grams.upper - alarm.grams.lower == block.grams
    block.refresh_from_db()
    assert (block.state, broken_invariants()) == ("immobilised", [])
