"""Reports of what our account at Verra holds, written by hand."""

import csv
from pathlib import Path

COLUMNS = (
    *("Report Type", "Vintage", "Project ID", "Project Name", "Project Type"),
    *("Quantity of Credits", "Serial Number", "Sub-Account ID", "Sub-Account Name"),
)
SERIAL = "19370-{}-{}-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0"


def statement_write(path: Path, *runs: tuple[int, int] | tuple[int, int, str]) -> Path:
    """A report of runs of serials of the blocks that `block_make` makes, and their sub-accounts."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for first, last, *account in runs:
            writer.writerow(
                (
                    *("Report 1", "01/01/2023-31/12/2023", "1987", "Wind project 1987", "Energy"),
                    *(last - first + 1, SERIAL.format(first, last)),
                    *(account or ["9464"]),
                    "Supply",
                )
            )
    return path
