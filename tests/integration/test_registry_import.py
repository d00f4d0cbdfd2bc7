"""`manage.py import_registry`: what lands, what is refused, and that nothing else changes."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.registry.imports.progress import Progress
from apps.registry.models import (
    CreditEvent,
    ImportRefusal,
    ImportRun,
    Project,
    SerialBlock,
    SerialSeries,
    Vintage,
)
from apps.registry.services.imports import catalogue_load, import_run
from tests.support.factories import owner_make
from tests.support.registry import receive
from tests.support.verra import REAL_EXPORTS, row, serial, write_export

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "transactions.csv"


def run(path: Path, *options: str) -> list[str]:
    """The lines that the command prints."""
    output = StringIO()
    call_command("import_registry", str(path), *options, stdout=output)
    return output.getvalue().splitlines()


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of what an import writes, apart from the account of the imports themselves."""
    models = (Project, Vintage, SerialSeries, SerialBlock, CreditEvent)
    return {
        model.__name__: list(model._default_manager.order_by("pk").values_list())
        for model in models
    }


def test_rows_become_project_vintage_series_and_blocks(export: Path) -> None:
    retired = row(
        11,
        20,
        **{
            "Retirement/Cancellation Date": "2026-04-13",
            "Retirement Beneficiary": "G Silva",
            "Additional Certifications": "ICVCM CCP; Social Carbon",
        },
    )
    assert run(write_export(export, row(1, 10), retired)) == [
        "rows 2 accepted 2 unchanged 0 refused 0"
    ]
    project = Project.objects.get()
    assert (project.code, project.country.code) == ("VCS-1987", "AR")
    assert project.methodologies == ["ACM0002"]
    vintage = Vintage.objects.get()
    assert (vintage.project, vintage.year, vintage.issued_tonnes) == (project, 2023, 402_681)
    one, two = SerialBlock.objects.order_by("start")
    assert (one.serial, one.state) == (serial(1, 10), SerialBlock.State.ISSUED)
    assert (two.state, str(two.retired_on)) == (SerialBlock.State.RETIRED, "2026-04-13")
    assert two.retirement_beneficiary == "G Silva"
    assert two.certifications == ["ICVCM CCP", "Social Carbon"]
    assert two.base - one.base == 10 * 1_000_000, "neighbouring serials, neighbouring grams"


def test_importing_again_changes_nothing(export: Path) -> None:
    write_export(export, row(1, 10), row(11, 20, **{"Retirement/Cancellation Date": "2026-04-13"}))
    run(export)
    before = everything()
    assert run(export) == ["rows 2 accepted 0 unchanged 2 refused 0"]
    assert everything() == before


def test_bad_rows_are_refused_with_their_lines_and_the_rest_lands(export: Path) -> None:
    write_export(
        export,
        row(1, 10),
        row(5, 14),
        row(11, 20, **{"Serial Number": serial(11, 20)[:-1] + "O"}),
        row(21, 30, **{"Serial Number": serial(21, 30) + "-1"}),
        row(31, 40, **{"Serial Number": serial(31, 40, country="ZZ")}),
        row(41, 50, **{"Country/Area": "Atlantis"}),
        row(51, 60, **{"Quantity Issued": "9"}),
        row(61, 70),
    )
    *refused, last = run(export)
    assert [line.split(":")[:2] for line in refused] == [
        ["line 3", " serial_overlap"],
        ["line 4", " serial_letter_o"],
        ["line 5", " serial_length"],
        ["line 6", " serial_country"],
        ["line 7", " country_unknown"],
        ["line 8", " quantity_mismatch"],
    ]
    assert last == "rows 8 accepted 2 unchanged 0 refused 6"
    assert sorted(SerialBlock.objects.values_list("start", flat=True)) == [1, 61]


def test_refused_lines_are_kept_with_the_run(export: Path) -> None:
    run(write_export(export, row(1, 10), row(11, 20, ID="nobody")))
    [kept] = ImportRun.objects.all()
    assert (kept.registry.code, kept.kind) == ("VCS", "transactions")
    assert (kept.rows, kept.accepted, kept.unchanged, kept.refused) == (2, 1, 0, 1)
    assert kept.accepted_grams == 10_000_000
    assert kept.finished_at is not None
    [refusal] = kept.refusals.all()
    assert (refusal.line, refusal.code) == (3, "value_quantity")
    assert "nobody" in refusal.text


@pytest.mark.parametrize(("first", "last"), [(1, 100), (1, 55), (60, 200), (50, 150)])
def test_a_row_that_overlaps_a_known_block_is_refused_by_name(
    export: Path, first: int, last: int
) -> None:
    run(write_export(export, row(50, 100)))
    [refused, total] = run(write_export(export, row(first, last)))
    assert refused.startswith("line 2: serial_overlap")
    assert serial(50, 100) in refused
    assert total == "rows 1 accepted 0 unchanged 0 refused 1"


def test_neighbours_do_not_overlap(export: Path) -> None:
    run(write_export(export, row(50, 100)))
    assert run(write_export(export, row(40, 49), row(101, 110)))[-1].endswith("refused 0")


def test_the_two_forms_of_verra_serials_do_not_overlap(export: Path) -> None:
    old = serial(50, 100).replace("VCS-VCU-1323-VER", "VCU-005-APX")
    rows = (row(50, 100), row(50, 100, **{"Serial Number": old}))
    assert run(write_export(export, *rows)) == ["rows 2 accepted 2 unchanged 0 refused 0"]


def test_of_two_rows_that_overlap_the_earlier_line_stays(export: Path) -> None:
    rows = (row(200, 300), row(100, 250), row(1, 150), row(140, 160), row(151, 199))
    *refused, last = run(write_export(export, *rows))
    assert [line.split(":")[0] for line in refused] == ["line 3", "line 5"]
    assert last == "rows 5 accepted 3 unchanged 0 refused 2"
    assert sorted(SerialBlock.objects.values_list("start", "end")) == [
        (1, 150),
        (151, 199),
        (200, 300),
    ]


def test_the_same_row_twice_in_one_file_counts_once(export: Path) -> None:
    assert run(write_export(export, row(1, 10), row(1, 10)))[-1] == (
        "rows 2 accepted 1 unchanged 1 refused 0"
    )


def test_the_same_serials_both_retired_and_not_is_a_contradiction(export: Path) -> None:
    retired = row(1, 10, **{"Retirement/Cancellation Date": "2026-04-13"})
    [refused, _total] = run(write_export(export, row(1, 10), retired))
    assert refused.startswith("line 3: serial_overlap")


def test_a_vintage_never_holds_more_than_was_issued(export: Path) -> None:
    def small(first: int, last: int) -> dict[str, str]:
        return row(first, last, **{"Total Vintage Quantity": "100"})

    [refused, total] = run(write_export(export, small(1, 60), small(61, 110), small(111, 150)))
    assert refused.startswith("line 3: vintage_exceeded")
    assert "110" in refused
    assert total == "rows 3 accepted 2 unchanged 0 refused 1"
    [refused, _total] = run(write_export(export, small(151, 151)))
    assert refused.startswith("line 2: vintage_exceeded")


def test_a_newer_export_raises_the_total_of_a_vintage(export: Path) -> None:
    run(write_export(export, row(1, 60, **{"Total Vintage Quantity": "60"})))
    run(write_export(export, row(61, 100, **{"Total Vintage Quantity": "100"})))
    assert Vintage.objects.get().issued_tonnes == 100


def test_a_newer_export_retires_a_known_block(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    retired = row(1, 10, **{"Retirement/Cancellation Date": "2026-04-13"})
    assert run(write_export(export, retired)) == ["rows 1 accepted 1 unchanged 0 refused 0"]
    assert SerialBlock.objects.get().state == SerialBlock.State.RETIRED
    [refused, _total] = run(write_export(export, row(1, 10)))
    assert refused.startswith("line 2: ending_changed"), "what is retired stays so"


def test_a_retirement_at_the_registry_of_what_we_hold_is_refused_loudly(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    receive(SerialBlock.objects.get(), owner_make())
    retired = row(1, 10, **{"Retirement/Cancellation Date": "2026-04-13"})
    [refused, _total] = run(write_export(export, retired))
    assert refused.startswith("line 2: block_held")
    assert SerialBlock.objects.get().state == SerialBlock.State.IMMOBILISED


def test_what_we_hold_stays_ours_when_its_row_comes_again(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    receive(SerialBlock.objects.get(), owner_make())
    assert run(export)[-1] == "rows 1 accepted 0 unchanged 1 refused 0"
    assert SerialBlock.objects.get().state == SerialBlock.State.IMMOBILISED


def test_a_block_of_another_vintage_than_known_is_refused(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    other = row(
        1,
        10,
        **{
            "Serial Number": serial(1, 10, start="01012022", end="31122022"),
            "Vintage Start": "2022-01-01",
            "Vintage End": "2022-12-31",
        },
    )
    [refused, _total] = run(write_export(export, other))
    assert refused.startswith("line 2: vintage_changed")
    assert Vintage.objects.count() == 1, "a refused row leaves nothing behind"


def test_another_date_of_issuance_is_refused(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    [refused, _total] = run(write_export(export, row(1, 10, **{"Issuance Date": "2026-04-01"})))
    assert refused.startswith("line 2: issuance_changed")


def test_a_project_takes_the_newest_facts(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    run(write_export(export, row(11, 20, Name="Genneia Wind", Methodology="ACM0002; VM0001")))
    project = Project.objects.get()
    assert (project.name, project.methodologies) == ("Genneia Wind", ["ACM0002", "VM0001"])


def test_a_refused_row_leaves_no_project_behind(export: Path) -> None:
    run(write_export(export, row(1, 10)))
    run(write_export(export, row(5, 14, ID="77", **{"Serial Number": serial(5, 14, project="77")})))
    assert Project.objects.count() == 1


def test_a_dry_run_says_the_same_and_changes_nothing(export: Path) -> None:
    write_export(export, row(1, 10), row(5, 14), row(11, 20, ID="x"))
    before = everything()
    said = run(export, "--dry-run")
    assert everything() == before
    assert not ImportRun.objects.exists()
    assert run(export) == said


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_file_that_cannot_be_used_exits_1_and_changes_nothing(
    export: Path, options: list[str]
) -> None:
    write_export(export, row(1, 10, Name="Eólica"))
    export.write_bytes(export.read_bytes() + b"\xff\xfe not text\n")
    with pytest.raises(CommandError, match="file_encoding") as caught:
        run(export, *options)
    assert caught.value.returncode == 1
    assert not SerialBlock.objects.exists()
    assert not ImportRun.objects.exists()


def test_progress_is_told_while_a_file_is_read_and_once_it_is(export: Path) -> None:
    write_export(export, *(row(n, n) for n in range(1, 2_502)))
    heard: list[Progress] = []
    import_run(path=export, progress=heard.append)
    assert [progress.rows_read for progress in heard] == [1_000, 2_000, 2_501]
    size = export.stat().st_size
    assert {progress.bytes_total for progress in heard} == {size}
    assert 0 < heard[0].bytes_read < heard[1].bytes_read < heard[2].bytes_read == size


def test_what_progress_raises_ends_the_import_with_nothing_changed(export: Path) -> None:
    def give_up(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_run(path=write_export(export, row(1, 10)), progress=give_up)
    assert not SerialBlock.objects.exists()
    assert not ImportRun.objects.exists()


def test_a_file_of_another_registry_than_asked_for_exits_1(export: Path) -> None:
    with pytest.raises(CommandError, match="file_registry"):
        run(write_export(export, row(1, 10)), "--registry", "acr")


def test_a_text_that_looks_like_a_formula_is_only_text(export: Path) -> None:
    name = '=HYPERLINK("http://example.org","x")'
    run(write_export(export, row(1, 10, Name=name)))
    assert Project.objects.get().name == name


def test_the_catalogue_comes_in_and_comes_in_again() -> None:
    first = catalogue_load()
    assert (first.accepted, first.unchanged) == (82, 0)
    before = everything()
    again = catalogue_load()
    assert (again.accepted, again.unchanged) == (0, 82)
    assert everything() == before
    assert Project.objects.count() == 25
    assert SerialBlock.objects.filter(
        vintage__project__code="VCS-1686", vintage__year=2017, state="issued"
    ).exists()


def test_what_a_registry_told_of_the_catalogue_s_projects_stays(export: Path) -> None:
    catalogue_load()
    block = SerialBlock.objects.get(serial__startswith="19315-938160853-938356290-")
    told = row(
        block.start,
        block.end,
        **{
            "Serial Number": block.serial,
            "ID": "2925",
            "Name": "Cooking with Less",
            "Country/Area": "Cambodia",
            "Vintage Start": "2023-04-01",
            "Vintage End": "2023-12-31",
            "Issuance Date": "2026-03-20",
            "Additional Certifications": "SDG 3",
        },
    )
    assert run(write_export(export, told)) == ["rows 1 accepted 1 unchanged 0 refused 0"]
    before = everything()
    assert catalogue_load().accepted == 0
    assert everything() == before
    block.refresh_from_db()
    assert (block.certifications, block.vintage.project.name) == (["SDG 3"], "Cooking with Less")


@pytest.mark.skipif(
    not REAL_EXPORTS.is_dir(), reason="the registries' own exports are not beside the project"
)
def test_the_real_export_goes_in_whole_with_and_without_the_catalogue() -> None:
    path = REAL_EXPORTS / "verra" / "transactions.csv"
    catalogue_load()
    known = SerialBlock.objects.filter(issued_on__isnull=False, series__key="VCS-VCU").count()
    *refused, last = run(path)
    assert refused == []
    assert last.startswith("rows 200 accepted ")
    assert run(path) == ["rows 200 accepted 0 unchanged 200 refused 0"]
    assert SerialBlock.objects.filter(series__key="VCS-VCU").exclude(issued_on=None).count() == 200
    assert known > 30
    assert not ImportRefusal.objects.exists()
    again = catalogue_load()
    assert again.accepted == 0, "the catalogue has nothing to add to what the registry said"
