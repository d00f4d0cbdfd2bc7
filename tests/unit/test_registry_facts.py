"""What the registries' files say of a project and of its credits' labels."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.imports.cells import goal_labels, goals, place
from apps.registry.imports.formats import read
from apps.registry.imports.rows import BlockRow, EntryRow, ProjectRow, ReadRow, RefusedRow
from tests.support.exports import acr_issued, gs_issued, isometric_issued, write_rows

VERRA_PROJECT = {
    "ID": "5957",
    "Name": "Highlands",
    "Proponent": "Multiple Proponents",
    "Project Type": "Agriculture Forestry and Other Land Use",
    "AFOLU Activities": "ARR; IFM; REDD",
    "Methodology": "VM0007; VM0033",
    "Status": "Under development",
    "Country/Area": "Kenya",
    "Estimated Annual Emission Reductions": "191,805",
    "Region": "Africa",
    "Project Registration Date": "2025-02-03",
    "Crediting Period Start Date": "2024-04-01",
    "Crediting Period End Date": "2044-03-31",
}
ACR_PROJECT = {
    "Project ID": "ACR206",
    "Compliance Program ID (ARB or Ecology)": "CAOD5052",
    "Project Name": "2014-P4",
    "Project Type": "Ozone Depleting Substances",
    "Current Crediting Period Start Date": "4/14/2014",
    "Voluntary Status": "",
    "Project Site Location": "El Dorado",
    "Project Site State": "ARKANSAS",
    "Project Site Country": "US",
    "Sustainable Development Goal(s)": "09: Industry, Innovation and Infrastructure;"
    "12: Responsible Consumption and Production;13: Climate Action",
    "Total Number of Credits Registered ": "71825.0",
    "Project Website": "www.eosclimate.com",
}
CAR_ISSUED = {
    "Date Issued": "03/10/2026",
    "Project ID": "CAR1480",
    "Project Name": "Laguna Om",
    "Project Site Country": "MX",
    "Project Site State": "QUINTANA ROO",
    "Vintage": "2025",
    "Total Offset Credits Issued": "9166",
    "Reduction/Removal": "Removal",
    "Activity Area Type": "Mangrove-Restoration; Improved Forest Management; N/A; N/A; N/A",
    "CCP Approved": "Yes",
    "Corresponding Adjustment": "No",
    "Offset Credits Currently in Reserve Buffer Pool": "108.0",
}
CERCARBONO_PROJECT = {
    "id": "1",
    "code": "CDC-1",
    "name": "Forest",
    "owner": "Owner S.A.S.",
    "validator": "Not assigned",
    "stage": "Certified",
    "sector": "[{'id': 14, 'description': 'Land use (AFOLU)'}]",
    "locations": "[{'city': 'Planeta Rica', 'country': 'Colombia', 'region': 'Cordoba',"
    " 'data_map': {'latitude': 8.412918740997307, 'longitude': -75.58408635215012}}]",
    "quantification_method": "Not defined",
    "annualEstimated": "0.0",
}
CERCARBONO_ISSUED = {
    "serial": "CDC_4_1_1_321_14_R1_XX_CO_1_2_2018",
    "issued_quantity": "609",
    "issuance_date": "2023-05-03T13:58:33.000Z",
    "year": "2018",
    "vintage_of_credits": "2018-11-16 / 2018-12-31",
    "elegible": "[{'description': 'Colombian Carbon Tax', 'code': 'ICC'}]",
    "global_goals": "[{'code': 8, 'description': 'Economic growth'}, {'code': 13}]",
}


def only(path: Path, cells: dict[str, str]) -> ReadRow | RefusedRow:
    [row] = read(write_rows(path / "export.csv", cells))
    return row


def test_verra_lists_activities_and_an_estimate(tmp_path: Path) -> None:
    row = only(tmp_path, VERRA_PROJECT)
    assert isinstance(row, ProjectRow)
    facts = row.project
    assert facts.afolu_activities == ("ARR", "IFM", "REDD")
    assert facts.estimated_annual_tonnes == 191_805
    assert str(facts.registered_on) == "2025-02-03"
    assert facts.further == {"world_region": "Africa"}


def test_acr_says_where_a_project_is_and_which_goals_it_serves(tmp_path: Path) -> None:
    row = only(tmp_path, ACR_PROJECT)
    assert isinstance(row, ProjectRow)
    facts = row.project
    assert (facts.region, facts.location) == ("ARKANSAS", "El Dorado")
    assert facts.sdgs == (9, 12, 13)
    assert facts.website == "www.eosclimate.com"
    assert facts.further == {"compliance_id": "CAOD5052", "credits_registered": "71825"}


def test_an_estimate_that_is_no_whole_number_refuses_no_project(tmp_path: Path) -> None:
    row = only(tmp_path, VERRA_PROJECT | {"Estimated Annual Emission Reductions": "about 9"})
    assert isinstance(row, ProjectRow)
    assert row.project.estimated_annual_tonnes is None


def test_acr_columns_that_say_yes_are_labels(tmp_path: Path) -> None:
    yes = {
        "CCP Approved": "Yes",
        "CORSIA Eligible": "No",
        "Eligible for CORSIA 2021-2023 Compliance Period (Pilot Phase)": "yes",
        "Verified Removal": "",
        "Credits Issued to Buffer Pool": "1,200",
    }
    row = only(tmp_path, acr_issued(**yes))
    assert isinstance(row, EntryRow)
    assert row.labels == ("Eligible for CORSIA 2021-2023 Compliance Period", "CCP Approved")
    assert row.buffer_grams == 1_200_000_000


def test_car_says_removal_activities_and_what_went_to_the_buffer(tmp_path: Path) -> None:
    row = only(tmp_path, CAR_ISSUED)
    assert isinstance(row, EntryRow)
    assert row.labels == ("CCP Approved", "Removal")
    assert row.buffer_grams == 108_000_000
    assert row.project.afolu_activities == ("Mangrove-Restoration", "Improved Forest Management")
    assert row.project.region == "QUINTANA ROO"


def test_gold_standard_labels_are_on_the_block(tmp_path: Path) -> None:
    told = {"Label": "ICVCM CCP, Emission Reduction", "Article Six Authorization": "Authorized"}
    row = only(tmp_path, gs_issued(1, 10, **told))
    assert isinstance(row, BlockRow)
    assert row.certifications == ("ICVCM CCP", "Emission Reduction", "Article 6: Authorized")
    untold = {"Label": "", "Article Six Authorization": "Not Applicable"}
    row = only(tmp_path, gs_issued(1, 10, **untold))
    assert isinstance(row, BlockRow)
    assert row.certifications == ()


def test_cercarbono_gives_a_place_and_what_credits_are_for(tmp_path: Path) -> None:
    row = only(tmp_path, CERCARBONO_PROJECT)
    assert isinstance(row, ProjectRow)
    facts = row.project
    assert (facts.location, facts.region) == ("Planeta Rica", "Cordoba")
    assert (facts.latitude, facts.longitude) == (Decimal("8.412919"), Decimal("-75.584086"))
    assert facts.project_type == "Land use (AFOLU)"
    assert facts.estimated_annual_tonnes is None
    assert facts.further == {"owner": "Owner S.A.S."}
    block = only(tmp_path, CERCARBONO_ISSUED)
    assert isinstance(block, BlockRow)
    assert block.certifications == ("Colombian Carbon Tax", "SDG 8", "SDG 13")


def test_isometric_counts_the_buffer_in_kilograms(tmp_path: Path) -> None:
    row = only(
        tmp_path, isometric_issued(**{"buffer_pool_credit_batch_size_total.credit_kgs": "149"})
    )
    assert isinstance(row, EntryRow)
    assert row.buffer_grams == 149_000


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("4,13,6,5,3,8", (3, 4, 5, 6, 8, 13)),
        ("01: No Poverty; 03: Good Health and Well-being", (1, 3)),
        ("09: Industry, Innovation and Infrastructure;13: Climate Action", (9, 13)),
        ("2. Zero Hunger;6. Clean Water and Sanitation", (2, 6)),
        ("Saves 12 trees; 18: nothing; 0", ()),
        ("", ()),
    ],
)
def test_goals_are_read_in_every_spelling(cell: str, expected: tuple[int, ...]) -> None:
    assert goals(cell) == expected


@given(st.sets(st.integers(1, 17)))
def test_goals_written_as_labels_are_the_goals(numbers: set[int]) -> None:
    ordered = tuple(sorted(numbers))
    assert goal_labels(ordered) == tuple(f"SDG {number}" for number in ordered)
    assert goals(",".join(map(str, ordered))) == ordered
    assert goals(";".join(f"{number:02d}: A, b 3 and C" for number in ordered)) == ordered


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_no_place_on_earth_is_no_place(latitude: str, longitude: str) -> None:
    north, east = place(latitude, longitude)
    assert (north is None) == (east is None)
    assert north is None or east is None or (abs(north) <= 90 and abs(east) <= 180)


@pytest.mark.parametrize("latitude", ["90.1", "nan", "inf", "", "N 12", None, "1e400"])
def test_a_bad_latitude_leaves_no_longitude(latitude: object) -> None:
    assert place(latitude, "12.5") == (None, None)
