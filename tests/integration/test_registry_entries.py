"""Issuances without serials, and endings: what lands, what is refused, in any order of files."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from apps.accounts.errors import Conflict
from apps.registry.models import Project, RegistryEntry, SerialBlock
from tests.support.exports import (
    GS_SERIES,
    acr_issued,
    gs_ended,
    gs_issued,
    isometric_issued,
    write_rows,
)
from tests.support.factories import owner_make
from tests.support.registry import receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path: Path):
    """Imports the rows given as one file; the lines that the command prints."""

    def run(*rows: dict[str, str]) -> list[str]:
        output = StringIO()
        path = write_rows(tmp_path / "export.csv", *rows)
        call_command("import_registry", str(path), stdout=output)
        return output.getvalue().splitlines()

    return run


def everything() -> list[tuple[object, ...]]:
    models = (Project, SerialBlock, RegistryEntry)
    return [row for m in models for row in m._default_manager.order_by("pk").values_list()]


def test_a_retirement_of_a_part_leaves_the_block_whole(load) -> None:
    load(gs_issued(1, 100))
    assert load(gs_ended(11, 20)) == ["rows 1 accepted 1 unchanged 0 refused 0"]
    block, ending = SerialBlock.objects.get(), RegistryEntry.objects.get()
    assert (block.tonnes, block.state) == (100, SerialBlock.State.ISSUED)
    assert ending.kind == RegistryEntry.Kind.RETIREMENT
    assert ending.quantity_grams == 10_000_000
    assert ending.grams.lower - block.base == 10 * 1_000_000
    assert ending.grams.upper - ending.grams.lower == 10_000_000


@pytest.mark.parametrize("is_block_first", [True, False])
def test_a_block_that_ended_whole_is_retired_whichever_file_comes_first(
    load, is_block_first: bool
) -> None:
    block, endings = gs_issued(1, 30), (gs_ended(1, 10), gs_ended(11, 30))
    if is_block_first:
        load(block)
    load(*endings)
    if not is_block_first:
        load(block)
    assert SerialBlock.objects.get().state == SerialBlock.State.RETIRED


def test_every_file_again_changes_nothing(load) -> None:
    files = ((gs_issued(1, 30),), (gs_ended(1, 10), gs_ended(11, 30)), (isometric_issued(),))
    for rows in files:
        load(*rows)
    before = everything()
    for rows in files:
        assert load(*rows) == [f"rows {len(rows)} accepted 0 unchanged {len(rows)} refused 0"]
    assert everything() == before


@pytest.mark.parametrize(("first", "last"), [(1, 11), (20, 25), (12, 13), (5, 30)])
def test_a_serial_that_ended_does_not_end_again(load, first: int, last: int) -> None:
    load(gs_ended(11, 20))
    [refused, total] = load(gs_ended(first, last))
    assert refused.startswith("line 2: ending_overlap")
    assert f"{GS_SERIES}-11-20" in refused
    assert total == "rows 1 accepted 0 unchanged 0 refused 1"


def test_of_endings_of_one_file_that_overlap_the_earlier_stays(load) -> None:
    [refused, total] = load(gs_ended(1, 10), gs_ended(5, 15), gs_ended(1, 10))
    assert refused.startswith("line 3: ending_overlap")
    assert total == "rows 3 accepted 1 unchanged 1 refused 1"


def test_one_serial_on_two_days_in_one_file_is_refused(load) -> None:
    [refused, _total] = load(gs_ended(1, 10), gs_ended(1, 10, **{"Retirement Date": "2026-04-11"}))
    assert refused.startswith("line 3: entry_twice")


def test_a_newer_file_corrects_a_beneficiary_and_what_it_omits_stays(load) -> None:
    load(gs_ended(1, 10, **{"Using Entity": "One", "Note": "of 2025"}))
    assert load(gs_ended(1, 10, **{"Using Entity": "Two"}))[-1].startswith("rows 1 accepted 1")
    ending = RegistryEntry.objects.get()
    assert (ending.beneficiary, ending.details) == ("Two", "of 2025")


def test_a_cancellation_needs_no_date_and_a_retirement_does(load) -> None:
    undated = {"Retirement Date": ""}
    [refused, total] = load(
        gs_ended(1, 10, **{"Credit Status": "Canceled"}, **undated), gs_ended(11, 20, **undated)
    )
    assert refused.startswith("line 3: value_missing")
    assert total == "rows 2 accepted 1 unchanged 0 refused 1"
    ending = RegistryEntry.objects.get()
    assert (ending.kind, ending.on) == (RegistryEntry.Kind.CANCELLATION, None)


def test_an_ending_of_what_we_hold_is_refused_loudly_by_import_and_database(load) -> None:
    load(gs_issued(1, 100))
    load(gs_ended(201, 210))
    receive(SerialBlock.objects.get(), owner_make())
    [refused, _total] = load(gs_ended(11, 20))
    assert refused.startswith("line 2: block_held")
    ending, block = RegistryEntry.objects.get(), SerialBlock.objects.get()
    with pytest.raises(DatabaseError, match="are in our custody"), transaction.atomic():
        RegistryEntry.objects.filter(pk=ending.pk).update(grams=(block.base, block.base + 1))


def test_what_ended_in_part_does_not_come_into_custody(load) -> None:
    load(gs_issued(1, 100))
    load(gs_ended(11, 20))
    block = SerialBlock.objects.get()
    with pytest.raises(Conflict) as caught:
        receive(block, owner_make())
    assert caught.value.code == "block_not_available"
    with pytest.raises(DatabaseError, match="ended at the registry"), transaction.atomic():
        SerialBlock.objects.filter(pk=block.pk).update(state=SerialBlock.State.IMMOBILISED)


def test_the_database_refuses_a_gram_that_ends_twice(load) -> None:
    load(gs_ended(1, 10), gs_ended(11, 20))
    one, two = RegistryEntry.objects.order_by("pk")
    with pytest.raises(DatabaseError, match="registry_entry_gram_ends_once"), transaction.atomic():
        RegistryEntry.objects.filter(pk=two.pk).update(grams=one.grams)


def test_kilograms_are_kept_and_must_agree_with_the_credits(load) -> None:
    load(isometric_issued())
    issued = RegistryEntry.objects.get()
    assert issued.quantity_grams == 2_710_062_000
    assert (issued.reference, issued.project.code) == (
        *("iss_1KP6EDZ8K1S036PY", "ISO-prj_1JYCV03BW1S0RTE5"),
    )
    other = isometric_issued(**{"credit_batch_size_total.credits": "2710.06"})
    assert load(other)[0].startswith("line 2: kilograms_mismatch")


def test_issuances_without_an_id_are_told_apart_in_any_order_of_the_file(load) -> None:
    one, two = acr_issued(), acr_issued(**{"Total Credits Issued": "9"})
    load(one, two, two)
    assert RegistryEntry.objects.count() == 3, "the registry issued the same amount twice"
    assert load(two, one, two) == ["rows 3 accepted 0 unchanged 3 refused 0"]


def test_the_list_of_projects_knows_better_than_an_entry(load) -> None:
    listed = {
        "Project ID": "ACR731",
        "Project Name": "Mine methane, flare",
        "Project Type": "Coal Mine Methane",
        "Project Site Country": "US",
        "Voluntary Status": "Registered",
        "Current Crediting Period Start Date": "1/19/2022",
    }
    load(acr_issued())
    assert load(listed)[-1] == "rows 1 accepted 1 unchanged 0 refused 0"
    load(acr_issued(**{"Total Credits Issued": "10"}))
    project = Project.objects.get()
    assert (project.code, project.name, project.status) == (
        *("ACR-731", "Mine methane, flare", "Registered"),
    )
    assert str(project.crediting_start) == "2022-01-19"
    assert load(listed)[-1] == "rows 1 accepted 0 unchanged 1 refused 0"


def test_staff_find_entries_by_serial_project_and_reference(load, admin_client) -> None:
    load(gs_issued(1, 100))
    load(gs_ended(11, 20), gs_ended(31, 40))
    load(acr_issued())
    part, other = RegistryEntry.objects.exclude(series=None).order_by("grams")
    issued = RegistryEntry.objects.get(series=None)
    asked = {
        f" {part.reference.lower()} ": [part],
        "gs-11603": [other, part],
        issued.reference: [issued],
        "11": [],
    }
    for text, expected in asked.items():
        page = admin_client.get("/admin/registry/registryentry/", {"q": text})
        assert list(page.context["cl"].result_list) == expected, text


def test_the_index_of_addresses_finds_the_blocks_that_an_ending_reaches(load) -> None:
    load(gs_issued(1, 100))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT b.id FROM registry_registryentry e, registry_blocks_reached(e.grams) b"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Function Scan" not in plan
    assert plan.count("registry_serialblock_base_key") == 2
