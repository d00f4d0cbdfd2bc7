"""Exports saved as XLSX: read like CSV, and never trusted."""

import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from apps.registry.imports.formats import read
from apps.registry.imports.rows import BlockRow, EntryRow, RefusedRow
from apps.registry.refusals import FileRefused
from tests.support.exports import acr_issued, gs_issued, isometric_issued
from tests.support.verra import COLUMNS
from tests.support.verra import row as row_of
from tests.support.workbooks import SHEET, table, write_forged, write_workbook


def row(first: int, last: int) -> dict[str, object]:
    """A row with every column of the export."""
    return {**dict.fromkeys(COLUMNS, ""), **row_of(first, last)}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "export.xlsx"


def refused(path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        list(read(path))
    assert str(caught.value)
    return caught.value


def test_a_sheet_is_read_as_the_same_csv_is(book: Path) -> None:
    cells = row(1, 10) | {
        "Issuance Date": datetime(2026, 3, 31, 14, 5),  # noqa: DTZ001 - a sheet has no zones
        "Vintage Start": date(2023, 1, 1),
        "ID": 1987.0,
        "Quantity Issued": 10,
        "Total Vintage Quantity": 402_681,
        "Retirement/Cancellation Date": None,
    }
    [block] = read(write_workbook(book, {"Sheet1": table(cells)}))
    assert isinstance(block, BlockRow)
    assert (block.line, block.project.number, block.serial.quantity) == (2, "1987", 10)
    assert (block.issued_on, block.vintage.issued_tonnes) == (date(2026, 3, 31), 402_681)
    assert block.ending is None


def test_fractions_keep_their_kilograms(book: Path) -> None:
    cells = isometric_issued() | {
        "credit_batch_size_total.credits": 2_710.062,
        "credit_batch_size_total.credit_kgs": 2_710_062,
    }
    [entry] = read(write_workbook(book, {"Sheet1": table(cells)}))
    assert isinstance(entry, EntryRow)
    assert entry.grams == 2_710_062_000


def test_the_sheet_with_an_export_is_found_below_a_title_and_beside_others(book: Path) -> None:
    sheets = {
        "About": [["Downloaded for nobody in particular"]],
        "Credits": [["Credits issued"], [], *table(acr_issued(), acr_issued())],
    }
    entries = list(read(write_workbook(book, sheets)))
    assert [entry.line for entry in entries] == [4, 5]


def test_two_exports_in_one_workbook_are_refused_and_both_are_named(book: Path) -> None:
    sheets = {"One": table(acr_issued()), "Two": table(gs_issued(1, 9))}
    found = refused(write_workbook(book, sheets))
    assert (found.code, found.params) == ("file_sheets", {"sheets": "One, Two"})


def test_a_formula_is_the_text_it_is_written_as(book: Path) -> None:
    cells = row(1, 10) | {"Name": "=HYPERLINK(1)", "Methodology": "=1+1"}
    bad = row(11, 20) | {"ID": "=1986+1"}
    block, refusal = read(write_workbook(book, {"Sheet1": table(cells, bad)}))
    assert isinstance(block, BlockRow)
    assert block.project.name == "=HYPERLINK(1)"
    assert isinstance(refusal, RefusedRow)
    assert refusal.code == "value_quantity"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(book: Path) -> None:
    rows = SHEET.format(doctype="", rows=" " * 50_000_000)
    assert refused(write_forged(book, sheet=rows)).code == "file_bomb"


def test_a_workbook_that_unpacks_to_more_than_is_read_is_refused(book: Path, settings) -> None:
    settings.IMPORT_FILE_BYTES_MAX = 100_000
    noise = bytes(range(256)) * 500
    found = refused(write_forged(book, parts={"xl/media/image.png": noise}))
    assert found.code == "file_large"


def test_very_many_parts_are_refused(book: Path) -> None:
    parts = {f"xl/media/{n}": b"" for n in range(3_000)}
    assert refused(write_forged(book, parts=parts)).code == "file_bomb"


def test_a_list_of_parts_of_unheard_length_is_not_read(book: Path) -> None:
    path = write_forged(book)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x05\x06")
    struct.pack_into("<L", content, at + 12, 0xFFFF_FFFF)
    path.write_bytes(content)
    assert refused(path).code == "file_bomb"


def test_entities_in_its_xml_are_refused(book: Path) -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "lol">{lines}]>'
    sheet = SHEET.format(
        doctype=doctype, rows='<row r="1"><c r="A1" t="inlineStr"><is><t>&e9;</t></is></c></row>'
    )
    assert refused(write_forged(book, sheet=sheet)).code == "file_workbook"


def test_an_external_entity_is_not_followed(book: Path) -> None:
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    sheet = SHEET.format(
        doctype=doctype, rows='<row r="1"><c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row>'
    )
    assert refused(write_forged(book, sheet=sheet)).code == "file_workbook"


def test_a_row_that_claims_to_be_far_away_is_not_waited_for(book: Path) -> None:
    cell = '<c r="A{n}" t="inlineStr"><is><t>x</t></is></c>'
    rows = "".join(f'<row r="{n}">{cell.format(n=n)}</row>' for n in (1, 10**15))
    assert refused(write_forged(book, sheet=SHEET.format(doctype="", rows=rows))).code == (
        "file_header"
    )


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_workbook_cut_off_is_refused(book: Path, kept: float) -> None:
    write_workbook(book, {"Sheet1": table(*(row(n, n) for n in range(1, 50)))})
    content = book.read_bytes()
    book.write_bytes(content[: int(len(content) * kept)])
    assert refused(book).code == "file_workbook"


def test_an_archive_that_is_no_workbook_is_refused(book: Path) -> None:
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refused(book).code == "file_workbook"


def test_a_damaged_sheet_is_refused(book: Path) -> None:
    assert refused(write_forged(book, sheet=b"<worksheet><row")).code == "file_workbook"
