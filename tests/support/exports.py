"""Short exports of the registries that keep blocks and endings apart, for tests."""

import csv
from pathlib import Path

GS_SERIES = "GS1-1-KE-GS11603-16-2025-30256"
_GS = {
    "Vintage": "2025",
    "GSID": "11603.0",
    "Project Name": "Clean cooking in Kenya",
    "Country": "Kenya",
    "Project Type": "Energy Efficiency - Domestic",
    "Issuance Date": "2026-03-31",
}
_ISOMETRIC = {
    "id": "iss_1KP6EDZ8K1S036PY",
    "issued_at": "2026-04-14T16:50:41.621676Z",
    "project_id": "prj_1JYCV03BW1S0RTE5",
    "supplier.organisation.name": "A supplier",
    "credit_batch_size_total.credits": "2710.062",
    "credit_batch_size_total.credit_kgs": "2710062",
}
_ACR = {
    "Date Issued (GMT)": "3/24/2026 9:08:01 PM",
    "Vintage": "2026",
    "ReportingPeriodBegin": "2/1/2025",
    "ReportingPeriodEnd": "1/31/2026",
    "Total Credits Issued": "74,344",
    "Project ID": "ACR731",
    "Project Name": "Mine methane",
    "Project Site Country": "US",
}


def gs_issued(first: int, last: int, **cells: str) -> dict[str, str]:
    """A row of Gold Standard's issuances."""
    own = {
        "Credit Status": "Issued",
        "Quantity": str(last - first + 1),
        "Serial Number": f"{GS_SERIES}-{first}-{last}",
        "Monitoring Period Start": "2024-03-02",
        "Monitoring Period End": "2025-03-10",
    }
    return _GS | own | cells


def gs_ended(first: int, last: int, **cells: str) -> dict[str, str]:
    """A row of Gold Standard's retirements."""
    own = {
        "Credit Status": "Retired",
        "Quantity": str(last - first + 1),
        "Serial Number": f"{GS_SERIES}-{first}-{last}",
        "Retirement Date": "2026-04-10",
        "Using Entity": "",
        "Note": "",
    }
    return _GS | own | cells


def isometric_issued(**cells: str) -> dict[str, str]:
    return _ISOMETRIC | cells


def acr_issued(**cells: str) -> dict[str, str]:
    return _ACR | cells


def write_rows(path: Path, *rows: dict[str, str]) -> Path:
    """The CSV file of these rows, all of one kind."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
