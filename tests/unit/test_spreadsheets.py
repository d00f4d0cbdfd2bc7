"""What a spreadsheet opens carries nothing out."""

from __future__ import annotations

import pytest

from apps.accounts.spreadsheets import csv_response, harmless
from tests.support.pages import downloaded


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "\n=1"],
)
def test_what_begins_like_a_formula_becomes_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Wind", "a=b", "", -5, 3, None])
def test_everything_else_stays_as_it_is(cell: object) -> None:
    assert harmless(cell) == cell


def test_a_download_streams_every_row_with_its_cells_harmless() -> None:
    rows = ((number, "=A1", 'a "quoted", cell') for number in range(3))
    answer = csv_response(name="x.csv", header=("n", "text", "more"), rows=rows)
    text = downloaded(answer)
    assert text.splitlines()[1] == '0,\'=A1,"a ""quoted"", cell"'
    assert len(text.splitlines()) == 4
