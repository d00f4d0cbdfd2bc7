"""Reading Verra's transactions export: what goes in, what is refused, and on which line."""

import os
import tracemalloc
from datetime import date
from pathlib import Path

import pytest

from apps.registry.imports.formats import read
from apps.registry.imports.rows import BlockRow, RefusedRow
from apps.registry.refusals import FileRefused
from tests.support.verra import COLUMNS, REAL_EXPORTS, row, serial, write_export


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "transactions.csv"


def good(rows: list[BlockRow | RefusedRow]) -> list[BlockRow]:
    return [row for row in rows if isinstance(row, BlockRow)]


def only_refusal(path: Path) -> RefusedRow:
    refused = [row for row in read(path) if isinstance(row, RefusedRow)]
    assert len(refused) == 1, refused
    assert refused[0].message
    return refused[0]


def test_a_row_becomes_a_typed_block(export: Path) -> None:
    retired = row(
        100,
        1_099,
        **{
            "Methodology": "VMR0006;  VM0050",
            "Additional Certifications": "CORSIA – Pilot Phase; ICVCM CCP",
            "Retirement/Cancellation Date": "2026-04-13",
            "Retirement Beneficiary": "江苏亨通高压海缆有限公司",
            "Retirement Details": "two\nlines",
        },
    )
    [block] = good(list(read(write_export(export, retired))))
    assert block.line == 2
    assert (block.serial.first, block.serial.last, block.serial.quantity) == (100, 1_099, 1_000)
    assert block.project.number == "1987"
    assert block.project.country == "AR"
    assert block.project.methodologies == ("VMR0006", "VM0050")
    assert (block.vintage.start, block.vintage.end) == (date(2023, 1, 1), date(2023, 12, 31))
    assert (block.vintage.year, block.vintage.issued_tonnes) == (2023, 402_681)
    assert block.issued_on == date(2026, 3, 31)
    assert block.certifications == ("CORSIA – Pilot Phase", "ICVCM CCP")
    assert block.ending is not None
    assert (block.ending.on, block.ending.details) == (date(2026, 4, 13), "two lines")
    assert block.ending.beneficiary == "江苏亨通高压海缆有限公司"


def test_a_block_without_a_date_of_retirement_is_not_retired(export: Path) -> None:
    [block] = good(list(read(write_export(export, row(1, 10)))))
    assert block.ending is None


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"Serial Number": serial(1, 10).replace("VCS-VCU", "VCU-VCS")}, "serial_part"),
        ({"Serial Number": serial(1, 10) + "-7"}, "serial_length"),
        ({"Serial Number": serial(1, 10)[:-1] + "O"}, "serial_letter_o"),
        ({"Serial Number": serial(1, 10, country="QQ")}, "serial_country"),
        ({"Serial Number": ""}, "value_missing"),
        ({"Quantity Issued": "11"}, "quantity_mismatch"),
        ({"Quantity Issued": "10.5"}, "value_quantity"),
        ({"Quantity Issued": "0"}, "value_quantity"),
        ({"Quantity Issued": "-10"}, "value_quantity"),
        ({"ID": "1988"}, "project_mismatch"),
        ({"ID": "=1987"}, "value_quantity"),
        ({"Country/Area": "Atlantis"}, "country_unknown"),
        ({"Country/Area": ""}, "value_missing"),
        ({"Vintage End": "2023-12-30"}, "vintage_mismatch"),
        ({"Vintage End": "the end"}, "value_date"),
        ({"Issuance Date": "2026-02-30"}, "value_date"),
        ({"Retirement/Cancellation Date": "soon"}, "value_date"),
        ({"Total Vintage Quantity": "many"}, "value_quantity"),
        ({"Name": "x" * 401}, "value_long"),
    ],
)
def test_a_bad_row_is_refused_by_line_and_code_and_its_neighbours_are_not(
    export: Path, cells: dict[str, str], code: str
) -> None:
    write_export(export, row(101, 200), row(1, 10, **cells), row(301, 400))
    refused = only_refusal(export)
    assert (refused.line, refused.code) == (3, code)
    assert [block.line for block in good(list(read(export)))] == [2, 4]


def test_a_nul_character_deep_in_a_file_costs_one_row_only(export: Path) -> None:
    rows = [row(first, first + 9) for first in range(1, 5_000, 10)]
    write_export(export, *rows, row(9_001, 9_010, Name="a\0b"))
    refused = only_refusal(export)
    assert (refused.line, refused.code) == (len(rows) + 2, "row_control")


def test_line_numbers_are_those_of_the_file_although_cells_contain_line_breaks(
    export: Path,
) -> None:
    long_cell = row(1, 10, **{"Retirement Details": "one\r\ntwo\nthree"})
    write_export(export, long_cell, row(11, 20, ID="no"), row(21, 30))
    # The header is line 1, the first row lines 2 to 4.
    assert only_refusal(export).line == 5
    assert [block.line for block in good(list(read(export)))] == [2, 6]


@pytest.mark.parametrize(
    ("columns", "encoding", "delimiter"),
    [
        (COLUMNS, "utf-8-sig", ","),
        (COLUMNS, "utf-16", "\t"),
        (COLUMNS, "utf-8", ";"),
        (tuple(f" {name.replace(' ', '  ')} " for name in COLUMNS), "utf-8", ","),
        (tuple(name.upper() for name in COLUMNS), "utf-8", ","),
        (tuple(reversed(COLUMNS)), "utf-8", ","),
        ((*COLUMNS, "Unnamed: 17", "Unnamed: 18"), "utf-8", ","),
    ],
)
def test_the_header_is_found_however_it_was_saved(
    export: Path, columns: tuple[str, ...], encoding: str, delimiter: str
) -> None:
    by_name = row(1, 10)
    cells = {name: by_name.get(" ".join(name.split()), "") for name in columns}
    cells |= {
        name: by_name.get(plain, "")
        for name in columns
        for plain in COLUMNS
        if plain.upper() == name
    }
    write_export(export, cells, columns=columns, encoding=encoding, delimiter=delimiter)
    assert len(good(list(read(export)))) == 1


@pytest.mark.parametrize(
    ("start", "end", "issued", "month"),
    [
        ("2023-01-01T00:00:00Z", "2023-12-31 00:00:00", "2026-03-04T05:06:07.123", 3),
        ("01/01/2023", "31/12/2023", "04/03/2026", 3),
        ("1/1/2023", "12/31/2023", "3/4/2026 9:08:01 PM", 3),
        ("01.01.2023", "31.12.2023", "04.03.2026", 3),
        ("2023/01/01", "31-Dec-2023", "Mar 4, 2026", 3),
        ("1 January 2023", "31-12-2023", "04-03-2026", 3),
    ],
)
def test_dates_are_read_in_the_order_that_the_file_proves(
    export: Path, start: str, end: str, issued: str, month: int
) -> None:
    cells = {"Vintage Start": start, "Vintage End": end, "Issuance Date": issued}
    [block] = good(list(read(write_export(export, row(1, 10, **cells)))))
    assert block.issued_on == date(2026, month, 4)


def test_an_id_that_went_through_a_spreadsheet_is_still_the_id(export: Path) -> None:
    [block] = good(list(read(write_export(export, row(1, 10, ID="1987.0")))))
    assert block.project.number == "1987"


@pytest.mark.parametrize("cut", ["Energy", '"402', "-VCS", "2023-12"])
def test_a_file_that_ends_in_the_middle_of_a_row_is_refused_whole(export: Path, cut: str) -> None:
    write_export(export, row(1, 10), row(11, 20))
    text = export.read_text()
    export.write_text(text[: text.rindex(cut) + 2])
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    assert (caught.value.code, caught.value.params) == ("file_cut", {"line": 3})


def test_a_file_that_ends_in_the_middle_of_a_cell_of_several_lines_is_refused_whole(
    export: Path,
) -> None:
    write_export(export, row(1, 10), row(11, 20, **{"Retirement Details": "one\ntwo\nthree"}))
    text = export.read_text()
    export.write_text(text[: text.rindex("ree")])
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    assert caught.value.code == "file_cut"


def test_the_last_row_needs_no_line_break(export: Path) -> None:
    write_export(export, row(1, 10), row(11, 20))
    export.write_bytes(export.read_bytes().rstrip(b"\r\n"))
    assert len(good(list(read(export)))) == 2


def test_a_row_in_the_middle_that_lacks_cells_is_refused_alone(export: Path) -> None:
    write_export(export, row(1, 10), row(11, 20), row(21, 30))
    first, *lines = export.read_text().splitlines()
    lines[1] = lines[1][: lines[1].index("Energy")]
    export.write_text("\n".join([first, *lines, ""]))
    assert (only_refusal(export).line, only_refusal(export).code) == (3, "row_length")


def test_a_quotation_mark_that_never_closes_costs_one_row_only(export: Path) -> None:
    write_export(export, row(1, 10), row(11, 20, Name="QUOTE"), row(21, 30), row(31, 40))
    export.write_text(export.read_text().replace("QUOTE", '"QUOTE'))
    assert (only_refusal(export).line, only_refusal(export).code) == (3, "row_quote")
    assert [block.line for block in good(list(read(export)))] == [2, 4, 5]


def test_blank_lines_are_not_rows(export: Path) -> None:
    write_export(export, row(1, 10), row(11, 20))
    export.write_text(export.read_text().replace("\r\n", "\r\n\r\n,,,\r\n"))
    assert [block.serial.first for block in good(list(read(export)))] == [1, 11]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"  \n", "file_empty"),
        (b"PK\x03\x04" + bytes(100), "file_workbook"),
        (b"a,b\0c\n", "file_binary"),
        (b"Name,ID\nx,1\n", "file_header"),
        (b"Issuance Date\x81\n", "file_encoding"),
        (b"\x1f\x8b\x08" + bytes(100), "file_binary"),
        (b"%PDF-1.7\n", "file_binary"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "file_binary"),
        (b"<html><body>Please log in</body></html>", "file_header"),
        (b"x" * 1_000_001, "file_line"),
    ],
)
def test_a_file_that_is_not_an_export_is_refused_whole(
    export: Path, content: bytes, code: str
) -> None:
    export.write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    assert caught.value.code == code
    assert str(caught.value)


@pytest.mark.parametrize(
    "rest",
    [
        "São Paulo\n".encode("latin-1"),
        "Perú\n".encode("utf-16").replace(b"\0", b""),
        b"a\x9d\n",
        b"S\xc3",
    ],
)
def test_a_file_that_changes_its_encoding_is_refused_whole_and_names_the_line(
    export: Path, rest: bytes
) -> None:
    write_export(export, row(1, 10, Name="Genneia Eólica"), row(11, 20))
    export.write_bytes(export.read_bytes() + rest)
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    assert (caught.value.code, caught.value.params) == ("file_encoding", {"line": 4})


def test_a_file_in_the_code_page_of_windows_is_read(export: Path) -> None:
    rows = [row(n, n, Name="Usina Eólica São João – “Paraná”") for n in range(1, 3_000)]
    write_export(export, *rows, encoding="cp1252")
    blocks = good(list(read(export)))
    assert len(blocks) == len(rows)
    assert {block.project.name for block in blocks} == {"Usina Eólica São João – “Paraná”"}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe, loop, device = tmp_path / "pipe", tmp_path / "loop", tmp_path / "device"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    device.symlink_to("/dev/zero")
    expected = {
        tmp_path / "nothing.csv": "file_missing",
        tmp_path / ("x" * 300): "file_missing",
        Path("a\0b"): "file_missing",
        loop: "file_missing",
        tmp_path: "file_special",
        pipe: "file_special",
        device: "file_special",
    }
    for path, code in expected.items():
        with pytest.raises(FileRefused) as caught:
            list(read(path))
        assert caught.value.code == code, path


def test_a_link_to_an_export_is_read_as_the_export(export: Path) -> None:
    write_export(export, row(1, 10))
    link = export.with_name("link.csv")
    link.symlink_to(export)
    assert len(good(list(read(link)))) == 1


def test_a_file_of_ten_gigabytes_is_refused_by_its_size_alone(export: Path) -> None:
    write_export(export, row(1, 10))
    os.truncate(export, 10_000_000_000)
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    assert (caught.value.code, caught.value.params["found"]) == ("file_large", 10_000)


def test_a_line_of_a_hundred_megabytes_is_refused_in_little_memory(export: Path) -> None:
    write_export(export, row(1, 10))
    with export.open("a") as file:
        for _piece in range(100):
            file.write("x" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    _size, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (caught.value.code, caught.value.params["line"]) == ("file_line", 3)
    assert peak_bytes < 30_000_000


def test_a_cell_longer_than_any_registry_writes_costs_one_row_only(export: Path) -> None:
    long = row(11, 20, **{"Retirement Details": "x" * 200_000})
    write_export(export, row(1, 10), long, row(21, 30))
    assert (only_refusal(export).line, only_refusal(export).code) == (3, "row_long")
    assert len(good(list(read(export)))) == 2


@pytest.mark.parametrize("many", [5_000, 2_000_000])
def test_a_header_of_very_many_columns_is_refused(export: Path, many: int) -> None:
    header = ",".join(COLUMNS)
    export.write_text(header + ",a" * many + "\n")
    with pytest.raises(FileRefused) as caught:
        list(read(export))
    assert caught.value.code in ("file_wide", "file_line")


def test_a_header_that_lacks_a_column_is_refused_by_the_name_of_the_column(export: Path) -> None:
    columns = tuple(name for name in COLUMNS if name not in ("Serial Number", "ID"))
    with pytest.raises(FileRefused) as caught:
        list(read(write_export(export, row(1, 10), columns=columns)))
    assert caught.value.code == "file_columns"
    assert "verra transactions" in str(caught.value)
    assert "“id”, “serial number”" in str(caught.value)


def test_columns_that_only_describe_the_project_may_be_missing(export: Path) -> None:
    optional = ("Total Vintage Quantity", "Project Type", "Methodology", "Retirement Reason")
    columns = tuple(name for name in COLUMNS if name not in optional)
    [block] = good(list(read(write_export(export, row(1, 10), columns=columns))))
    assert (block.vintage.issued_tonnes, block.project.methodologies) == (None, ())


def test_a_title_and_a_separator_may_stand_above_the_header(export: Path) -> None:
    write_export(export, row(1, 10), delimiter=";")
    export.write_text("sep=;\nVCUs;;\n;;\n" + export.read_text())
    [block] = good(list(read(export)))
    assert block.line == 5


def test_a_file_of_another_registry_than_was_asked_for_is_refused(export: Path) -> None:
    write_export(export, row(1, 10))
    with pytest.raises(FileRefused) as caught:
        list(read(export, registry="acr"))
    assert caught.value.code == "file_registry"


@pytest.mark.skipif(
    not REAL_EXPORTS.is_dir(), reason="the registries' own exports are not beside the project"
)
def test_every_row_of_the_real_export_is_read() -> None:
    rows = list(read(REAL_EXPORTS / "verra" / "transactions.csv", registry="verra"))
    assert len(rows) == 200
    assert len(good(rows)) == 200
    assert sum(block.ending is not None for block in good(rows)) == 100
