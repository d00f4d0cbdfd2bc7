"""Exports of the same registries from other years and other hands: columns and cells."""

import csv
from datetime import date
from pathlib import Path

import pytest

from apps.registry.imports.formats import read
from apps.registry.imports.rows import BlockRow, EntryRow, ProjectRow, ReadRow, RefusedRow
from apps.registry.refusals import FileRefused
from tests.support.exports import acr_issued, gs_ended, gs_issued, isometric_issued, write_rows
from tests.support.workbooks import table, write_workbook

OLD_ACR = {
    "Status Effective": "12/31/2019",
    "Account Holder": "Somebody",
    "Quantity of Credits": "1,000",
    "Retirement Reason": "Environmental Benefit",
    "Retirement Reason Details": "For a year of flights",
    "Credit Serial Numbers": "ACR-US-101-2005-21-1 to 1000",
    "Vintage": "2005",
    "Date Issued (GMT)": "1/2/2006",
    "Verified Removal": "No",
    "Project ID": "ACR101",
    "Project Name": "Landfill gas",
    "Project Site Country": "US",
    "Project Type": "Landfill",
    "Unnamed: 21": "",
}
OLD_CAR = {
    "Vintage": "2012",
    "Offset Credit Serial Numbers": "CAR-1-US-541-6-183-OH-2012-1234-1 to 50",
    "Quantity of Offset Credits": "50",
    "Status Effective": "01/31/2013",
    "Project ID": "CAR541",
    "Project Name": "Landfill",
    "Project Type": "Landfill Gas Capture/Combustion",
    "Protocol Version": "Version 4.0",
    "Project Site Country": "US",
    "CORSIA Eligible": "Yes",
    "Retirement Reason": "Retail",
    "Retirement Reason Details": 'Said "so"',
}
VERRA_INTERFACE = {
    "issuanceDate": "2014-09-03T00:00:00.000Z",
    "vintageStart": "2010-01-01",
    "vintageEnd": "2010-12-31",
    "resourceIdentifier": "674",
    "resourceName": "Peatland",
    "country": "Indonesia",
    "quantity": "100",
    "totalVintageQuantity": "200",
    "serialNumbers": "2847-120000001-120000100-VCU-016-MER-ID-14-674-01012010-31122010-1",
    "retireOrCancelDate": "",
    "additionalCertifications": "CCB-Gold",
    "holdingIdentifier": "9",
}
ARB_BEFORE = {
    "ARB Project ID": "CAFR5001",
    "ARB Issuance ID": "CAFR5001-A",
    "ARB Offset Credits Issued": "1 079 565",
    "Issuance Date": "06/11/2014",
    "Vintage": "2013",
}


EVERY_WAY = {
    "semicolons": {"delimiter": ";"},
    "tabs, UTF-16": {"delimiter": "\t", "encoding": "utf-16"},
    "UTF-8 with a mark": {"encoding": "utf-8-sig"},
    "Windows": {"encoding": "cp1252"},
    "all quoted": {"quoting": csv.QUOTE_ALL},
}


def only(path: Path, cells: dict[str, str]) -> ReadRow | RefusedRow:
    [row] = read(write_rows(path / "export.csv", cells))
    return row


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    "cells",
    [OLD_ACR, OLD_CAR, VERRA_INTERFACE, ARB_BEFORE, gs_issued(1, 9), acr_issued(), gs_ended(2, 5)],
    ids=lambda cells: next(iter(cells)),
)
def test_however_it_was_saved_it_says_the_same(
    tmp_path: Path, cells: dict[str, str], way: str
) -> None:
    cells = cells | {"Note": "São Paulo – a “note”\nof two lines; really"}
    options = dict(EVERY_WAY[way])
    path = tmp_path / "saved.csv"
    with path.open("w", encoding=options.pop("encoding", "utf-8"), newline="") as file:
        writer = csv.DictWriter(file, list(cells), **options)
        writer.writeheader()
        writer.writerow(cells)
    assert list(read(path)) == [only(tmp_path, cells)]


@pytest.mark.parametrize(
    "cells", [OLD_ACR, OLD_CAR, VERRA_INTERFACE, ARB_BEFORE, gs_issued(1, 9), isometric_issued()]
)
def test_a_workbook_says_what_the_csv_says(tmp_path: Path, cells: dict[str, str]) -> None:
    path = write_workbook(tmp_path / "saved.xlsx", {"Sheet1": table(cells)})
    assert list(read(path)) == [only(tmp_path, cells)]


def test_an_earlier_retirement_of_acr_is_read(tmp_path: Path) -> None:
    row = only(tmp_path, OLD_ACR)
    assert isinstance(row, EntryRow)
    assert (row.registry, row.kind, row.on) == ("acr", "retirement", date(2019, 12, 31))
    assert (row.details, row.grams) == ("For a year of flights", 10**9)


def test_an_earlier_retirement_of_car_is_read_as_one_of_car(tmp_path: Path) -> None:
    row = only(tmp_path, OLD_CAR)
    assert isinstance(row, EntryRow)
    assert (row.registry, row.on, row.labels) == ("car", date(2013, 1, 31), ("CORSIA Eligible",))
    assert row.project.methodologies == ("Version 4.0",)


def test_verras_rows_by_the_names_of_its_interface_are_read(tmp_path: Path) -> None:
    row = only(tmp_path, VERRA_INTERFACE)
    assert isinstance(row, BlockRow)
    assert (row.serial.series, row.vintage.issued_tonnes) == ("VCU", 200)
    assert (row.project.country, row.certifications) == ("ID", ("CCB-Gold",))


def test_an_earlier_issuance_of_arb_is_read(tmp_path: Path) -> None:
    row = only(tmp_path, ARB_BEFORE)
    assert isinstance(row, EntryRow)
    assert (row.project.number, row.grams) == ("CAFR5001", 1_079_565 * 10**6)


def test_a_project_of_several_countries_is_of_none(tmp_path: Path) -> None:
    listed = {"GSID": "77", "Project Name": "Stoves", "Status": "LISTED", "Country": "Global"}
    row = only(tmp_path, listed)
    assert isinstance(row, ProjectRow)
    assert row.project.country == ""


def test_endings_without_their_dates_are_not_taken_for_issuances(tmp_path: Path) -> None:
    row = only(tmp_path, gs_issued(1, 9, **{"Credit Status": "Retired"}))
    assert isinstance(row, RefusedRow)
    assert row.code == "value_status"


def test_columns_in_any_order_and_twice_are_found_by_name(tmp_path: Path) -> None:
    cells = dict(reversed(gs_ended(1, 9).items()))
    row = only(tmp_path, cells | {"  serial   number ": "nothing"})
    assert isinstance(row, EntryRow)
    assert row.serial is not None


@pytest.mark.parametrize(
    ("cells", "lacking"),
    [
        (OLD_ACR, "Retirement Reason"),
        (OLD_CAR, "Vintage"),
        (VERRA_INTERFACE, "retireOrCancelDate"),
        (ARB_BEFORE, "ARB Issuance ID"),
    ],
)
def test_a_file_that_lacks_a_column_names_it(
    tmp_path: Path, cells: dict[str, str], lacking: str
) -> None:
    with pytest.raises(FileRefused) as caught:
        only(tmp_path, {name: cell for name, cell in cells.items() if name != lacking})
    assert caught.value.code == "file_columns"
    assert "lacks" in str(caught.value)
