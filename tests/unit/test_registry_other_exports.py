"""Exports of the same registries from other years and other hands: columns and cells."""

import csv
from datetime import date
from pathlib import Path

import pytest

from apps.registry.imports.cells import calendar_date, whole_number
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


def test_marks_that_apx_does_not_double_are_read_as_they_stand(tmp_path: Path) -> None:
    """A real row of the Reserve's retirements has marks around what its cell says."""
    said = ('"In behalf of the City, from Oaxaca"', 'On behalf of "X", and of Y', 'the "end"', "no")
    lines = [",".join(f'"{name}"' for name in OLD_CAR) + ","]
    for at, details in enumerate(said):
        serial = f"CAR-1-US-541-6-183-OH-2012-1234-{at * 50 + 1} to {at * 50 + 50}"
        cells = OLD_CAR | {
            "Offset Credit Serial Numbers": serial,
            "Retirement Reason Details": details,
        }
        lines.append(",".join(f'"{cell}"' for cell in cells.values()) + ",")
    path = tmp_path / "apx.csv"
    path.write_text("\r\n".join(lines) + "\r\n", encoding="cp1252")
    rows = list(read(path))
    assert [row.details for row in rows if isinstance(row, EntryRow)] == list(said)
    assert [row.line for row in rows] == [2, 3, 4, 5]


def test_a_row_that_could_be_parted_in_two_ways_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "apx.csv"
    header = ",".join(f'"{name}"' for name in OLD_CAR)
    cells = [*OLD_CAR.values()][:-1]
    row = ",".join(f'"{cell}"' for cell in [*cells, 'a "b","c" d'])
    path.write_text(f"{header}\n{row}\n")
    [refused] = read(path)
    assert isinstance(refused, RefusedRow)
    assert (refused.line, refused.code) == (2, "row_length")


@pytest.mark.parametrize(
    "text",
    [
        *("2014-12-31", "2014/12/31", "20141231", "2014-12-31T00:00:00.000Z", "31/12/2014"),
        *("12/31/2014 3:45:00 PM", "12/31/14", "31.12.2014", "31.12.14", "31-Dec-2014"),
        *("31-Dec-14", "31 December 2014", "Dec 31, 2014", "December 31 2014"),
    ],
)
def test_a_day_is_the_same_however_it_is_written(text: str) -> None:
    assert calendar_date(text) == date(2014, 12, 31)


def test_a_year_of_two_digits_is_of_the_time_that_has_credits() -> None:
    assert calendar_date("1/1/96") == date(1996, 1, 1)
    assert calendar_date("1/1/89") == date(2089, 1, 1)
    assert calendar_date("14-12-31") is None, "it could be of 2014 or of 2031"


def test_a_number_that_could_be_one_or_a_thousand_is_neither() -> None:
    assert whole_number("1.000") is None
    assert whole_number("1000.000") == whole_number("1000.0") == whole_number("1,000") == 1_000


def test_a_newer_name_of_a_vintages_period_is_known(tmp_path: Path) -> None:
    cells = VERRA_INTERFACE | {"reportingPeriodStart": "2010-01-01"}
    cells["Reporting Period End"] = cells.pop("vintageEnd")
    del cells["vintageStart"]
    assert only(tmp_path, cells) == only(tmp_path, VERRA_INTERFACE)
