"""A synthetic export of Verra's transactions of any length, by the grammar of the real one.

Everything follows from the number of rows. Issuances of 1 to 120 blocks each, of some thousand
projects in a dozen countries, take their serial numbers one after the other, an eighth of them in
the old form; three blocks in five are retired, half of these for somebody named.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

COLUMNS: Final = (
    *("Issuance Date", "Sustainable Development Goals", "Vintage Start", "Vintage End", "ID"),
    *("Name", "Country/Area", "Project Type", "Methodology", "Total Vintage Quantity"),
    *("Quantity Issued", "Serial Number", "Additional Certifications"),
    *("Retirement/Cancellation Date", "Retirement Beneficiary", "Retirement Reason"),
    "Retirement Details",
)
PROJECTS: Final = 4_000
BLOCKS_MAX: Final = 120
_COUNTRIES: Final = (
    *(("BR", "Brazil"), ("IN", "India"), ("CN", "China"), ("KE", "Kenya"), ("PE", "Peru")),
    *(("ID", "Indonesia"), ("TR", "Turkey"), ("VN", "Viet Nam"), ("AR", "Argentina")),
    *(("US", "United States"), ("CI", "Côte d'Ivoire"), ("KR", "Korea, Republic of")),
)
_SCOPES: Final = (
    (1, "Energy industries (renewable/non-renewable sources)", "ACM0002"),
    (3, "Energy demand", "AMS-II.G.; VMR0006"),
    (13, "Waste handling and disposal", "ACM0001"),
    (14, "Agriculture Forestry and Other Land Use", "VM0007; VM0015"),
)
_GOALS: Final = "07: Affordable and Clean Energy; 08: Decent Work; 13: Climate Action"
_REASONS: Final = ("Environmental Benefit", "Retirement for Person or Organization", "Other")


def verra_rows(count: int) -> Iterator[list[str]]:
    """`count` rows, each a block that no other row touches."""
    random = Random(count)
    number = {"VCS-VCU": 1, "VCU": 1}
    batch, made = 8_000, 0
    # Each project and vintage is issued at most once, so that its total is that of one batch.
    while made < count:
        batch += 1
        rows = min(random.randint(1, BLOCKS_MAX), count - made)
        form = "VCU" if batch % 8 == 0 else "VCS-VCU"
        sizes = [int(random.paretovariate(0.6)) % 50_000 + 1 for _row in range(rows)]
        yield from _issuance(random, batch, form, number[form], sizes)
        number[form] += sum(sizes)
        made += rows


def _issuance(
    random: Random, batch: int, form: str, number: int, sizes: list[int]
) -> Iterator[list[str]]:
    project = batch % PROJECTS + 1
    country, country_name = _COUNTRIES[project % len(_COUNTRIES)]
    scope, project_type, methodology = _SCOPES[project % len(_SCOPES)]
    start = date(1990 + (batch // PROJECTS), 1, 1)
    end = date(start.year, 12, 31)
    issued = end + timedelta(days=100 + batch % 500)
    certified = batch % 5 == 0
    agent = "VER" if form == "VCS-VCU" else ("APX", "MER")[project % 2]
    tail = (
        f"{form}-{100 + project % 1_500:03}-{agent}-{country}-{scope}-{project}-"
        f"{start:%d%m%Y}-{end:%d%m%Y}-{int(certified)}"
    )
    for size in sizes:
        retired = random.random() < 0.6
        named = retired and random.random() < 0.5
        day = (issued + timedelta(days=random.randrange(1_000))).isoformat() if retired else ""
        yield [
            issued.isoformat(), _GOALS, start.isoformat(), end.isoformat(), str(project),
            f"Grouped project number {project}, {country_name}", country_name, project_type,
            methodology, f"{sum(sizes):,}", f"{size:,}",
            f"{batch}-{number}-{number + size - 1}-{tail}",
            "CORSIA - Pilot Phase, 2021-2023 Eligible; CCB-Gold" if certified else "", day,
            f"Beneficiary {random.randrange(9_999)}" if named else "",
            _REASONS[size % 3] if named else "",
            f"For the emissions of {start.year}" if named else "",
        ]  # fmt: skip
        number += size


def write_verra(path: Path, count: int) -> None:
    """The export as a CSV file at `path`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(verra_rows(count))
