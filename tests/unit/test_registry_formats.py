"""What a row of each registry's files says, in the spellings that occur."""

from datetime import date
from pathlib import Path

import pytest

from apps.registry.imports.formats import FORMATS, read
from apps.registry.imports.rows import (
    BlockRow,
    EntryRow,
    HoldingRow,
    ProjectRow,
    ReadRow,
    RefusedRow,
)
from tests.support.exports import (
    ART_ENDED,
    CAR_ENDED,
    CER,
    acr_issued,
    gs_ended,
    gs_issued,
    isometric_issued,
    write_rows,
)

CERCARBONO_ISSUED = {
    "serial": "CDC_4_1_1_321_14_R1_XX_CO_1_2_2018_BF",
    "issued_quantity": "609",
    "issuance_date": "2023-05-03T13:58:33.000Z",
    "year": "2018",
    "vintage_of_credits": "2018-11-16 / 2018-12-31",
    "elegible": "[{'description': 'Colombian Carbon Tax', 'code': 'ICC'}]",
}
CERCARBONO_PROJECT = {
    "id": "1",
    "code": "CDC-1",
    "name": "Forest",
    "stage": "Certified",
    "locations": "[{'city': 'Planeta Rica', 'country': 'Colombia', 'data_map': {'latitude': 8.4}}]",
    "quantification_method": "Not defined",
}
ARB_ISSUED = {
    "CARB Project ID": "CAOD1007",
    "CARB Issuance ID": "CAOD1007-A",
    "ARB Offset Credits Issued": "79565.0",
    "Issuance Date": "2024-06-11",
    "Vintage": "2024.0",
}
HELD = {
    "Project ID": "1686",
    "Project Name": "Agrocortex REDD Project",
    "Quantity of Credits": "50",
    "Serial Number": "7059-367676034-367676083-VCU-005-APX-BR-14-1686-01072014-31122014-1",
    "Sub-Account ID": "9464",
}


def only(path: Path, cells: dict[str, str]) -> ReadRow | RefusedRow:
    [row] = read(write_rows(path / "export.csv", cells))
    return row


def test_a_cancellation_of_compliance_credits_is_an_ending_of_their_serials(tmp_path: Path) -> None:
    row = only(tmp_path, CAR_ENDED)
    assert isinstance(row, EntryRow)
    assert (row.registry, row.kind, row.project.number) == ("car", "cancellation", "2056")
    assert (row.on, row.grams, row.reason) == (date(2025, 8, 20), 260_294 * 10**6, "ARB")


def test_headers_with_stray_spaces_and_countries_in_capitals_are_read(tmp_path: Path) -> None:
    row = only(tmp_path, ART_ENDED)
    assert isinstance(row, EntryRow)
    assert (row.registry, row.project.country, row.on) == ("art", "CI", date(2026, 4, 8))


def test_the_registries_of_the_united_states_write_the_month_first(tmp_path: Path) -> None:
    row = only(tmp_path, acr_issued(**{"Date Issued (GMT)": "3/4/2026 9:08:01 PM"}))
    assert isinstance(row, EntryRow)
    assert (row.on, row.year, row.grams) == (date(2026, 3, 4), 2026, 74_344 * 10**6)
    assert (row.period_start, row.period_end) == (date(2025, 2, 1), date(2026, 1, 31))


def test_gold_standard_issues_blocks_and_labels_cers_of_other_projects(tmp_path: Path) -> None:
    own, cer = only(tmp_path, gs_issued(1, 9)), only(tmp_path, gs_issued(1, 3_657, **CER))
    assert isinstance(own, BlockRow)
    assert isinstance(cer, BlockRow)
    assert (own.project.number, own.vintage.year) == ("11603", 2025)
    assert (cer.project.number, cer.serial.project) == ("4823", "7014")


def test_a_block_without_monitoring_period_is_of_its_calendar_year(tmp_path: Path) -> None:
    blank = {"Monitoring Period Start": "", "Monitoring Period End": ""}
    row = only(tmp_path, gs_issued(1, 9, **blank))
    assert isinstance(row, BlockRow)
    assert (row.vintage.start, row.vintage.end) == (date(2025, 1, 1), date(2025, 12, 31))


def test_cercarbono_keeps_buffers_apart_and_nests_its_records(tmp_path: Path) -> None:
    row, project = only(tmp_path, CERCARBONO_ISSUED), only(tmp_path, CERCARBONO_PROJECT)
    assert isinstance(row, BlockRow)
    assert row.serial.series.endswith("_BF")
    assert (row.vintage.start, row.certifications) == (
        *(date(2018, 11, 16), ("Colombian Carbon Tax",)),
    )
    assert isinstance(project, ProjectRow)
    assert (project.project.country, project.project.methodologies) == ("CO", ())


def test_numbers_that_went_through_a_spreadsheet_are_whole_again(tmp_path: Path) -> None:
    row = only(tmp_path, ARB_ISSUED)
    assert isinstance(row, EntryRow)
    assert (row.reference, row.grams, row.year) == ("CAOD1007-A", 79_565 * 10**6, 2024)


def test_kilograms_are_read_to_the_gram(tmp_path: Path) -> None:
    row = only(tmp_path, isometric_issued())
    assert isinstance(row, EntryRow)
    assert row.grams == 2_710_062_000


def test_a_report_of_an_account_is_read_as_its_holdings(tmp_path: Path) -> None:
    row = only(tmp_path, HELD)
    assert isinstance(row, HoldingRow)
    assert (row.account, row.serial.quantity) == ("9464", 50)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (CAR_ENDED | {"Quantity of Offset Credits": "260295"}, "quantity_mismatch"),
        (CAR_ENDED | {"Project ID": "CAR2057"}, "project_mismatch"),
        (CAR_ENDED | {"Project ID": "ACR2056"}, "value_project"),
        (CAR_ENDED | {"Vintage": "2024"}, "vintage_mismatch"),
        (CAR_ENDED | {"Project Site Country": "Atlantis"}, "country_unknown"),
        (CAR_ENDED | {"Status Effective": "soon"}, "value_date"),
        (ART_ENDED | {"Credit Serial Numbers": "=1+1"}, "serial_length"),
        (gs_ended(1, 9, **{"Credit Status": "Sold"}), "value_status"),
        (gs_issued(1, 9, **{"Monitoring Period End": "2020-01-01"}), "value_period"),
        (CERCARBONO_ISSUED | {"elegible": "__import__('os')"}, "value_nested"),
        (CERCARBONO_ISSUED | {"vintage_of_credits": "2018"}, "value_date"),
        (CERCARBONO_PROJECT | {"locations": "[" * 5_000}, "value_nested"),
        (ARB_ISSUED | {"CARB Issuance ID": ""}, "value_missing"),
        (isometric_issued(id="prj_1JYCV03BW1S0RTE5"), "serial_key"),
        (HELD | {"Quantity of Credits": "51"}, "quantity_mismatch"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(
    tmp_path: Path, cells: dict[str, str], code: str
) -> None:
    row = only(tmp_path, cells)
    assert isinstance(row, RefusedRow)
    assert (row.code, row.line) == (code, 2)
    assert row.message


def test_every_format_is_named_once() -> None:
    names = [(format_.registry, format_.kind) for format_ in FORMATS]
    assert len(names) == len(set(names))
