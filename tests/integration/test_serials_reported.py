"""Serials of which the registry reported the end, whether or not it published the issuance."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tests.support.exports import GS_SERIES, gs_ended, gs_issued, write_rows
from tests.support.pages import soup_of, text_of

pytestmark = pytest.mark.django_db

CAR = "CAR-1-US-541-6-183-OH-2012-1234"
CAR_ENDED = {
    "Vintage": "2012",
    "Offset Credit Serial Numbers": f"{CAR}-11 to 60",
    "Quantity of Offset Credits": "50",
    "Status Effective": "01/31/2013",
    "Project ID": "CAR541",
    "Project Name": "Landfill gas in Ohio",
    "Project Site Country": "US",
    "Retirement Reason": "Environmental Benefit",
}
Load = Callable[..., None]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def run(*rows: dict[str, str]) -> None:
        path = write_rows(tmp_path / "export.csv", *rows)
        call_command("import_registry", str(path), stdout=StringIO())

    return run


def test_an_ending_without_issuance_is_shown_for_what_it_is(load: Load, client: Client) -> None:
    load(CAR_ENDED)
    [found] = client.get(f"/api/v1/serials/ {CAR.lower()} – 21 to 30").json()
    assert found == {
        "serial": f"{CAR}-21 to 30",
        "block": None,
        "project": "CAR-541",
        "vintage_year": 2012,
        "issued_on": None,
        "retired_at_registry_on": "2013-01-31",
        "standing": {"retired": "10"},
        "reported": [
            {
                "kind": "retirement",
                "on": "2013-01-31",
                "serial": f"{CAR}-21 to 30",
                "beneficiary": "",
                "reason": "Environmental Benefit",
            }
        ],
        "events": [],
    }
    page = text_of(client.get("/serials", {"q": f"{CAR}-21 to 30"}, follow=True))
    assert "did not publish their issuance" in page
    assert "Landfill gas in Ohio" in page
    assert f"{CAR}-21 to 30" in page
    assert client.get(f"/api/v1/serials/{CAR}-61 to 70").status_code == 404


def test_a_block_shows_what_its_registry_reported_of_a_part(load: Load, client: Client) -> None:
    load(gs_issued(1, 100))
    load(gs_ended(11, 20, **{"Using Entity": "A <neighbour>"}), gs_ended(31, 40))
    [trace] = client.get(f"/api/v1/serials/{GS_SERIES}-1-25").json()
    assert trace["block"] == f"{GS_SERIES}-1-100"
    assert [(each["serial"], each["beneficiary"]) for each in trace["reported"]] == [
        (f"{GS_SERIES}-11-20", "A <neighbour>")
    ]
    soup = soup_of(client.get(f"/serials/{GS_SERIES}-1-25"))
    assert "A <neighbour>" in soup.get_text()
    assert "What the registry reported" in soup.get_text()


def test_serials_partly_of_a_known_block_show_both(load: Load, client: Client) -> None:
    load(gs_issued(1, 100))
    load(gs_ended(201, 210))
    known, unlisted = client.get(f"/api/v1/serials/{GS_SERIES}-91-205").json()
    assert (known["serial"], known["reported"]) == (f"{GS_SERIES}-91-100", [])
    assert (unlisted["serial"], unlisted["block"]) == (f"{GS_SERIES}-201-205", None)
    page = client.get(f"/serials/{GS_SERIES}-91-205").content.decode()
    assert f"{GS_SERIES}-201-205" in page
