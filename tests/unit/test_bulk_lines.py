"""Rows of bulk orders: what they say, and everything that is wrong with them, without guessing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Self

import pytest

from apps.orderbook.bulk.columns import Header, header_of
from apps.orderbook.bulk.lines import BulkRow, Problem, Reader, Vocabulary, Wish
from apps.orderbook.bulk.refusals import BULK_MESSAGES, BulkRefused, sentence_of
from apps.registry.imports.tables import Row

VOCABULARY = Vocabulary(
    registries={"vcs": "VCS", "verra": "VCS", "gs": "GS"},
    types={"wind": "wind", "wind power": "wind"},
    labels={"ccp": "ccp"},
    ratings={"agency:aa": ("agency", "AA")},
)


class Sheets:
    """A table of sheets by name."""

    bytes_total = bytes_read = 0

    def __init__(self, **sheets: Sequence[Sequence[str]]) -> None:
        self._sheets = sheets

    @property
    def parts(self) -> Sequence[str]:
        return tuple(self._sheets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def rows(self, part: str) -> Iterator[Row]:
        for line, cells in enumerate(self._sheets[part], start=1):
            yield Row(line, list(cells))


def header(*names: str) -> Header:
    return header_of(Sheets(lines=[names]))


def read(*, workbook: bool = False, **cells: str) -> BulkRow | list[Problem]:
    """A row of these columns; of a tonne for a company unless told."""
    cells = {"tonnes": "1", "beneficiary": "Example Ltd"} | cells
    if "quantity" in cells:
        del cells["tonnes"]
    row = Row(2, list(cells.values()), is_padded=workbook)
    return Reader(header(*cells), VOCABULARY).read(row)


def codes(said: BulkRow | list[Problem]) -> list[tuple[str, str]]:
    assert isinstance(said, list), said
    for problem in said:
        assert sentence_of(problem.code, problem.params)
    return [(problem.column, problem.code) for problem in said]


def test_a_line_is_read_with_all_that_it_says() -> None:
    said = read(
        quantity="1 250.5",
        unit="KG",
        message="Flights\nand trains",
        period_from="2025-01-01",
        period_to="31.12.2025",
        country="Germany",
        cost_centre="4711",
        registry="Verra; gs",
        type="Wind power",
        vintage_from="2020",
        project_country="IN",
        label="CCP",
        rating="agency:AA",
        max_price="12.50",
    )
    wish = Wish(("GS", "VCS"), ("wind",), ("IN",), ("ccp",), (("agency", "AA"),), 2020, 12_500_000)
    assert said == BulkRow(
        2, 1_250_500, "Example Ltd", "Flights and trains", date(2025, 1, 1), date(2025, 12, 31),
        "DE", "4711", wish,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("12.5", 12_500_000),
        ("0.000001", 1),
        ("1,234.5", 1_234_500_000),
        ("1,234,567", 1_234_567_000_000),
        ("1'234.5", 1_234_500_000),
        ("12,5", 12_500_000),
        ("1.234,5", 1_234_500_000),
        ("1.234.567", 1_234_567_000_000),
        ("0.123", 123_000),
        ("1.234", 1_234_000),
    ],
)
def test_amounts_in_the_ways_people_write_them(text: str, grams: int) -> None:
    said = read(tonnes=text)
    assert isinstance(said, BulkRow), said
    assert said.grams == grams


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"tonnes": "1,234"}, ("tonnes", "number_ambiguous")),
        ({"tonnes": "-5"}, ("tonnes", "number_invalid")),
        ({"tonnes": "1e3"}, ("tonnes", "number_invalid")),
        ({"tonnes": "١٢"}, ("tonnes", "number_invalid")),
        ({"tonnes": "0"}, ("tonnes", "quantity_range")),
        ({"tonnes": "10000001"}, ("tonnes", "quantity_range")),
        ({"tonnes": "0.0000001"}, ("tonnes", "quantity_fraction")),
        ({"tonnes": ""}, ("tonnes", "value_missing")),
        ({"tonnes": "=A1*2"}, ("tonnes", "value_formula")),
        ({"quantity": "5", "unit": "lb"}, ("quantity", "unit_unknown")),
        ({"beneficiary": ""}, ("beneficiary", "value_missing")),
        ({"beneficiary": "x" * 201}, ("beneficiary", "value_long")),
        ({"message": '=HYPERLINK("http://x")'}, ("message", "value_formula")),
        ({"message": "a\0b"}, ("", "row_control")),
        ({"period_from": "03/04/2025"}, ("period_from", "date_ambiguous")),
        ({"period_from": "soon"}, ("period_from", "date_invalid")),
        ({"period_from": "2025-02-01", "period_to": "2025-01-01"},
         ("period_to", "period_backwards")),
        ({"country": "Atlantis"}, ("country", "country_unknown")),
        ({"registry": "VSC"}, ("registry", "registry_unknown")),
        ({"type": "wnd"}, ("type", "type_unknown")),
        ({"label": "ccp;nope"}, ("label", "label_unknown")),
        ({"label": "=B2"}, ("label", "value_formula")),
        ({"rating": "AA"}, ("rating", "rating_unknown")),
        ({"vintage_from": "20"}, ("vintage_from", "year_invalid")),
        ({"max_price": "0"}, ("max_price", "price_range")),
        ({"max_price": "cheap"}, ("max_price", "number_invalid")),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_says_in_which_column_and_why(
    cells: dict[str, str], problem: tuple[str, str]
) -> None:
    assert codes(read(**cells)) == [problem]


def test_all_that_is_wrong_with_a_line_is_said_at_once() -> None:
    said = read(tonnes="many", beneficiary="", country="Atlantis", registry="VSC")
    assert [column for column, _code in codes(said)] == [
        "tonnes", "beneficiary", "country", "registry",
    ]  # fmt: skip


def test_a_spreadsheet_s_noise_is_no_part_of_a_number_and_its_points_are_in_no_doubt() -> None:
    said = read(workbook=True, tonnes="0.30000000000000004")
    assert isinstance(said, BulkRow)
    assert said.grams == 300_000
    reader = Reader(header("tonnes", "beneficiary"), VOCABULARY)
    reader.read(Row(2, ["1.234", "A"], is_padded=True))
    assert not reader.numbers.doubtful


def test_beside_decimal_commas_a_point_before_three_digits_is_in_doubt() -> None:
    reader = Reader(header("tonnes", "beneficiary"), VOCABULARY)
    for line, amount in enumerate(("1.234", "12,5", "7"), start=2):
        assert isinstance(reader.read(Row(line, [amount, "A"])), BulkRow)
    reader.numbers.check()
    assert reader.numbers.lines_in_doubt() == {2}


def test_decimals_with_points_and_with_commas_are_not_one_file() -> None:
    reader = Reader(header("tonnes", "beneficiary"), VOCABULARY)
    for line, amount in enumerate(("1.5", "12,5"), start=2):
        reader.read(Row(line, [amount, "A"]))
    with pytest.raises(BulkRefused) as refused:
        reader.numbers.check()
    assert (refused.value.code, refused.value.params) == ("marks_mixed", {"point": 2, "comma": 3})


def test_an_escaped_cell_of_a_report_is_what_it_was() -> None:
    said = read(beneficiary="'-Dash Ltd", message="rock'-n-roll")
    assert isinstance(said, BulkRow)
    assert (said.beneficiary, said.message) == ("-Dash Ltd", "rock'-n-roll")


def test_rows_of_another_width_are_refused_unless_only_empty_cells_are_missing() -> None:
    reader = Reader(header("tonnes", "beneficiary", "message"), VOCABULARY)
    assert codes(reader.read(Row(2, ["1", "A"]))) == [("", "row_length")]
    assert codes(reader.read(Row(2, ["1", "A", "", "x"]))) == [("", "row_length")]
    assert isinstance(reader.read(Row(2, ["1", "A"], is_padded=True)), BulkRow)
    assert isinstance(reader.read(Row(2, ["1", "A", "", ""])), BulkRow)
    assert codes(reader.read(Row(2, ["1"], "row_quote"))) == [("", "row_quote")]


@pytest.mark.parametrize(
    ("sheets", "code"),
    [
        ({"one": [["a", "b"], ["1", "2"]]}, "file_header"),
        ({"one": [["tonnes", "beneficiary", "colour"]]}, "column_unknown"),
        ({"one": [["tonnes", "beneficiary", "Tonnes"]]}, "column_twice"),
        ({"one": [["tonnes", "kg", "beneficiary"]]}, "quantity_columns"),
        ({"one": [["quantity", "beneficiary"]]}, "quantity_columns"),
        ({"one": [["tonnes", "message"]]}, "column_missing"),
        ({"one": [["tonnes", "beneficiary"]], "two": [["kg", "beneficiary"]]}, "file_sheets"),
    ],
)
def test_a_header_in_doubt_is_no_header(sheets: dict[str, Any], code: str) -> None:
    with pytest.raises(BulkRefused) as refused:
        header_of(Sheets(**sheets))
    assert refused.value.code == code
    assert str(refused.value)


def test_headings_are_found_below_a_title_in_any_order_and_spelling() -> None:
    sheet = [["Our travel"], ["On behalf of", "", "kg CO2e", "Max price per tonne", "problem"]]
    found = header_of(Sheets(notes=[["Read me"]], lines=sheet))
    assert (found.part, found.line) == ("lines", 2)
    assert found.position == {"beneficiary": 0, "kilograms": 2, "max_price": 3}


def test_every_refusal_has_its_sentence() -> None:
    params = dict.fromkeys(
        ("found", "limit", "line", "columns", "column", "sheets", "point", "comma", "times",
         "expected"), 1,
    )  # fmt: skip
    for code in ("marks_mixed", "number_doubtful", "lines_none", "lines_many", "demands_many"):
        assert str(BULK_MESSAGES[code]) % params
