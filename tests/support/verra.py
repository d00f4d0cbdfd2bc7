"""Verra exports written by hand, row by row, for tests of what goes in and what is refused."""

import csv
from pathlib import Path

REAL_EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "registry-exports"

COLUMNS = (
    "Issuance Date",
    "Sustainable Development Goals",
    "Vintage Start",
    "Vintage End",
    "ID",
    "Name",
    "Country/Area",
    "Project Type",
    "Methodology",
    "Total Vintage Quantity",
    "Quantity Issued",
    "Serial Number",
    "Additional Certifications",
    "Retirement/Cancellation Date",
    "Retirement Beneficiary",
    "Retirement Reason",
    "Retirement Details",
)
_ROW = {
    "Issuance Date": "2026-03-31",
    "Vintage Start": "2023-01-01",
    "Vintage End": "2023-12-31",
    "ID": "1987",
    "Name": "GENNEIA WIND PROJECTS IN ARGENTINA",
    "Country/Area": "Argentina",
    "Project Type": "Energy industries (renewable/non-renewable sources)",
    "Methodology": "ACM0002",
    "Total Vintage Quantity": "402,681",
}


def serial(first: int, last: int, **parts: str) -> str:
    """A serial of the project above; `parts` replaces batch, country, project, start or end."""
    part = {"batch": "19370", "country": "AR", "project": "1987"} | parts
    return (
        f"{part['batch']}-{first}-{last}-VCS-VCU-1323-VER-{part['country']}-1-{part['project']}-"
        f"{part.get('start', '01012023')}-{part.get('end', '31122023')}-0"
    )


def row(first: int, last: int, **cells: str) -> dict[str, str]:
    """A row of a good export for the serial numbers `first` to `last`; `cells` replaces cells."""
    own = {"Serial Number": serial(first, last), "Quantity Issued": f"{last - first + 1:,}"}
    return _ROW | own | cells


def write_export(
    path: Path,
    *rows: dict[str, str],
    columns: tuple[str, ...] = COLUMNS,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> Path:
    """The CSV file of these rows at `path`: the header is line 1, the first row line 2."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter=delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
