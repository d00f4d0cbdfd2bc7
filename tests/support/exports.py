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

CAR_ENDED = {
    "Vintage": "2025",
    "Offset Credit Serial Numbers": "CAR-ROC-US-2056-129-2283-WV-2025-8969-1 to 260294",
    "Quantity of Offset Credits": "260,294",
    "Status Effective": "08/20/2025",
    "Project ID": "CAR2056",
    "Project Name": "Mine methane",
    "Project Site Country": "US",
    "Cancellation Reason": "ARB",
}
ART_ENDED = {
    "Vintage": "2023",
    "Credit Serial Numbers": "FCPF-CI-130-2023-20-1 to 46404",
    "Quantity of Credits": "46404",
    "Status  Effective ": "04/08/2026",
    "Program ID": "ART130",
    "Program Name": "Tai National Park",
    "Program  Country": "COTE D'IVOIRE",
    "Retirement Reason": "Pledge",
    "Retired on Behalf of": "",
}
ACR_ENDED = {
    "Credit Serial Numbers": "ACR-US-101-2005-21-1 to 1000",
    "Vintage": "2005",
    "Quantity of Credits": "1,000",
    "Status Effective (GMT)": "12/31/2019 5:00:00 AM",
    "Project ID": "ACR101",
    "Project Name": "Landfill gas",
    "Project Site Country": "US",
    "Retirement Reason": "Environmental Benefit",
}
CERCARBONO_ENDED = {
    "project_id": "4",
    "project_name": "Forest",
    "serial": "CDC_4_1_1_321_14_R1_XX_CO_1_2_2018",
    "vintage": "2018",
    "date": "2020-01-02T03:04:05Z",
    "quantity": "10",
    "from": "1",
    "to": "10",
}
CER = {
    "Serial Number": "RW-5-1463953-2-2-0-7014 - RW-5-1467609-2-2-0-7014",
    "Quantity": "3657",
    "GSID": "4823",
    "Country": "Rwanda",
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
